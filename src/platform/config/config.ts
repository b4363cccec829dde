import type { Setting } from './settings.js';

export { env } from './settings.js';
export { Secret } from './secret.js';

export type Settings = Readonly<Record<string, Setting<any>>>;
export type ValuesOf<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

/** One thing wrong with the environment: which variable, what it holds, what it may hold. */
export interface Fault {
  readonly variable: string;
  /** Masked for secrets; null when the variable is not set. */
  readonly found: string | null;
  readonly allowed: string;
}

/** Everything that is wrong with the configuration, told at once, so that nobody fixes it one restart at a time. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault';
  constructor(readonly faults: readonly Fault[]) {
    super(
      `${faults.length === 1 ? 'one setting is' : `${faults.length} settings are`} wrong:\n` +
        faults
          .map(
            (f) =>
              `  ${f.variable} ${f.found === null ? 'is not set' : `is ${f.found}`}; it must be ${f.allowed}`,
          )
          .join('\n'),
    );
  }
}

/** Class side of a config class, as `configOf` makes it. */
export interface ConfigBase<S extends Settings> {
  new (values?: Partial<ValuesOf<S>>): ValuesOf<S>;
  readonly settings: S;
  /** Rules between settings, e.g. that one needs another; answers what is wrong. */
  readonly check: ((values: ValuesOf<S>) => readonly Fault[]) | undefined;
}

/** Any config class; `readConfigs` and the documentation work on it. */
export interface ConfigClass {
  new (values?: any): object;
  readonly settings: Settings;
  readonly check: ((values: any) => readonly Fault[]) | undefined;
  readonly name: string;
}

/**
 * Base of a module's config: `export class GatewayConfig extends configOf({ port: env.integer('PORT', { … }) }) {}`
 * is DI token and typed values in one. `new GatewayConfig({ port: 0 })` takes the defaults for the rest (for tests);
 * the running server's instances come from `readConfigs`.
 */
export function configOf<const S extends Settings>(
  settings: S,
  check?: (values: ValuesOf<S>) => readonly Fault[],
): ConfigBase<S> {
  class Config {
    static readonly settings = settings;
    static readonly check = check;

    constructor(values: Partial<ValuesOf<S>> = {}) {
      for (const [name, setting] of Object.entries(settings)) {
        const value = name in values ? values[name] : setting.default;
        if (value === undefined && setting.required) {
          throw new ConfigFault([{ variable: setting.variable, found: null, allowed: setting.allowed }]);
        }
        Object.defineProperty(this, name, { value, enumerable: true });
      }
    }

    /** What may be printed: passwords in URLs and secrets are masked. */
    toJSON(): Record<string, string> {
      const own = this as unknown as Record<string, unknown>;
      return Object.fromEntries(Object.entries(settings).map(([name, s]) => [name, s.show(own[name])]));
    }

    [Symbol.for('nodejs.util.inspect.custom')](): Record<string, string> {
      return this.toJSON();
    }
  }
  return Config as unknown as ConfigBase<S>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

type Instances<C extends readonly ConfigClass[]> = { [N in keyof C]: InstanceType<C[N]> };

/**
 * Reads every class from `environment`. An empty variable counts as not set.
 * Throws one ConfigFault that lists all faults of all classes.
 */
export function readConfigs<const C extends readonly ConfigClass[]>(
  classes: C,
  environment: Environment,
): Instances<C> {
  const faults = new Map<string, Fault>();
  const instances = classes.map((config) => {
    const values: Record<string, unknown> = {};
    let whole = true;
    for (const [name, setting] of Object.entries<Setting<unknown>>(config.settings)) {
      const text = environment[setting.variable]?.trim() ?? '';
      const { variable, allowed } = setting;
      const read = text === '' ? null : setting.read(text);
      if (read) values[name] = read.value;
      else if (text !== '') faults.set(variable, { variable, found: quoted(setting.mask(text)), allowed });
      else if (setting.required) faults.set(variable, { variable, found: null, allowed });
      if (faults.has(variable)) whole = false;
    }
    if (!whole) return null;
    const instance = new config(values);
    for (const fault of config.check?.(instance) ?? [])
      faults.set(`${fault.variable}: ${fault.allowed}`, fault);
    return instance;
  });
  if (faults.size > 0) throw new ConfigFault([...faults.values()]);
  return instances as Instances<C>;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
