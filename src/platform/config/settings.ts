import { maskUrl, Secret } from './secret.js';

/** What one variable of the environment means: how it is read, what is allowed, what it is without. */
export interface Setting<T> {
  readonly variable: string;
  /** For people: what it does, with its unit. */
  readonly about: string;
  /** What is allowed, as the fault says it: `an integer from 0 to 65535`. */
  readonly allowed: string;
  readonly required: boolean;
  /** Undefined when there is none; then the value is undefined too, unless `required`. */
  readonly default: T;
  readonly secret: boolean;
  /** The value, or null when the text is not allowed. */
  read(text: string): { value: T } | null;
  /** The text of a variable as it may be printed: secrets and passwords masked. */
  mask(text: string): string;
  /** A value as it may be printed. */
  show(value: T): string;
}

interface Options<T> {
  readonly about: string;
  readonly default?: T;
  /** Without a default: must be set. Otherwise the value may be undefined. */
  readonly required?: boolean;
}

type ValueOf<T, O> = O extends { default: {} } | { required: true } ? T : T | undefined;

const nameRule = /^[A-Z][A-Z0-9_]*$/;

function setting<T, O extends Options<T>>(
  variable: string,
  options: O,
  kind: {
    allowed: string;
    read: (text: string) => T | null;
    mask?: (text: string) => string;
    secret?: boolean;
  },
): Setting<ValueOf<T, O>> {
  if (!nameRule.test(variable)) throw new RangeError(`not a name of a variable: ${variable}`);
  const mask = kind.mask ?? ((text: string) => text);
  return {
    variable,
    about: options.about,
    allowed: kind.allowed,
    required: options.required === true && options.default === undefined,
    default: options.default as ValueOf<T, O>,
    secret: kind.secret ?? false,
    read: (text) => {
      const value = kind.read(text);
      return value === null ? null : { value: value as ValueOf<T, O> };
    },
    mask,
    show: (value) => (value === undefined ? '' : mask(String(value))),
  };
}

/** Reads a number whose text is plain (`-1.5`, no exponent of surprise, no blank) and inside the bounds. */
function numberIn(pattern: RegExp, min: number, max: number): (text: string) => number | null {
  return (text) => {
    if (!pattern.test(text)) return null;
    const value = Number(text);
    return value >= min && value <= max ? value : null;
  };
}

function bounds(noun: string, min: number, max: number): string {
  if (min > -Number.MAX_SAFE_INTEGER && max < Number.MAX_SAFE_INTEGER) return `${noun} from ${min} to ${max}`;
  if (min > -Number.MAX_SAFE_INTEGER) return `${noun} of at least ${min}`;
  return max < Number.MAX_SAFE_INTEGER ? `${noun} of at most ${max}` : noun;
}

const flagWords: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  on: true,
  false: false,
  '0': false,
  no: false,
  off: false,
};

/**
 * Settings by type. Each takes the variable's name and `{ about, default? , required? }`:
 * with a default or `required: true` the value is always there, otherwise it may be undefined.
 */
export const env = {
  text<const O extends Options<string> & { min?: number; max?: number; pattern?: RegExp; says?: string }>(
    variable: string,
    options: O,
  ): Setting<ValueOf<string, O>> {
    const { min = 1, max = 4000, pattern, says } = options;
    return setting<string, O>(variable, options, {
      allowed: says ?? (pattern ? `text matching ${pattern}` : bounds('text with a length', min, max)),
      read: (text) =>
        text.length >= min && text.length <= max && (pattern?.test(text) ?? true) ? text : null,
    });
  },

  integer<const O extends Options<number> & { min?: number; max?: number }>(
    variable: string,
    options: O,
  ): Setting<ValueOf<number, O>> {
    const { min = -Number.MAX_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
    return setting<number, O>(variable, options, {
      allowed: bounds('an integer', min, max),
      read: numberIn(/^-?\d{1,16}$/, min, max),
    });
  },

  float<const O extends Options<number> & { min?: number; max?: number }>(
    variable: string,
    options: O,
  ): Setting<ValueOf<number, O>> {
    const { min = -Number.MAX_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
    return setting<number, O>(variable, options, {
      allowed: bounds('a number', min, max),
      read: numberIn(/^-?\d{1,16}(\.\d{1,16})?$/, min, max),
    });
  },

  flag<const O extends Options<boolean>>(variable: string, options: O): Setting<ValueOf<boolean, O>> {
    return setting<boolean, O>(variable, options, {
      allowed: Object.keys(flagWords).toSorted().join(', '),
      read: (text) => flagWords[text.toLowerCase()] ?? null,
    });
  },

  oneOf<const V extends readonly string[], const O extends Options<V[number]>>(
    variable: string,
    values: V,
    options: O,
  ): Setting<ValueOf<V[number], O>> {
    return setting<V[number], O>(variable, options, {
      allowed: `one of ${values.join(', ')}`,
      read: (text) => (values.includes(text) ? text : null),
    });
  },

  /** Separated by `separator` (a comma); blanks around items and empty items are dropped. `of` names the allowed items. */
  list<const V extends readonly string[] = readonly string[]>(
    variable: string,
    options: { about: string; default?: readonly V[number][]; of?: V; max?: number; separator?: ',' | ';' },
  ): Setting<readonly V[number][]> {
    const { of, max = 1000, separator = ',' } = options;
    const filled = { ...options, default: options.default ?? [] };
    const separated = separator === ',' ? 'comma-separated' : 'semicolon-separated';
    return setting<readonly V[number][], typeof filled>(variable, filled, {
      allowed: of ? `a ${separated} list of ${of.join(', ')}` : `a ${separated} list of at most ${max} items`,
      read: (text) => {
        const items = text.split(separator).flatMap((item) => item.trim() || []);
        return items.length <= max && items.every((item) => !of || of.includes(item)) ? items : null;
      },
    });
  },

  /** The URL as it was written; its password is masked where it is printed. `protocols` end in `:`. */
  url<const O extends Options<string> & { protocols?: readonly string[] }>(
    variable: string,
    options: O,
  ): Setting<ValueOf<string, O>> {
    const protocols = options.protocols ?? ['http:', 'https:'];
    return setting<string, O>(variable, options, {
      allowed: `a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`,
      read: (text) => (URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : null),
      mask: maskUrl,
    });
  },

  /** Wrapped, so that printing it prints `***`; `minLength` in characters. Has no default: a known secret is none. */
  secret<const O extends { about: string; required?: boolean; minLength?: number }>(
    variable: string,
    options: O,
  ): Setting<O extends { required: true } ? Secret : Secret | undefined> {
    const { minLength = 1 } = options;
    const read = setting<Secret, { about: string; required?: boolean }>(variable, options, {
      allowed: minLength > 1 ? `a secret of at least ${minLength} characters` : 'a secret',
      read: (text) => (text.length >= minLength ? new Secret(text) : null),
      mask: () => '***',
      secret: true,
    });
    return read as Setting<O extends { required: true } ? Secret : Secret | undefined>;
  },
} as const;
