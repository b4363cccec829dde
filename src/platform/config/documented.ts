import type { ConfigClass } from './config.js';
import type { Setting } from './settings.js';

/** One row of the configuration table. */
export interface DocumentedSetting {
  readonly variable: string;
  readonly about: string;
  readonly allowed: string;
  /** Printable default; empty when there is none. */
  readonly default: string;
  readonly required: boolean;
  readonly secret: boolean;
}

/**
 * Every variable the given classes read, in their order, each once. `.env.example` and the README's table are
 * checked against it. Throws RangeError when two classes mean different things by one variable.
 */
export function documentedSettings(classes: readonly ConfigClass[]): DocumentedSetting[] {
  const rows = new Map<string, DocumentedSetting>();
  for (const config of classes) {
    for (const setting of Object.values<Setting<unknown>>(config.settings)) {
      const { variable, about, allowed, required, secret } = setting;
      const row = { variable, about, allowed, required, secret, default: setting.show(setting.default) };
      const known = rows.get(variable);
      if (known && (known.allowed !== allowed || known.default !== row.default)) {
        throw new RangeError(`${variable} means one thing in one config class and another in ${config.name}`);
      }
      if (!known) rows.set(variable, row);
    }
  }
  return [...rows.values()];
}

/** A variable that is set, unknown, and one slip away from a known one that is not set. */
export interface Misspelling {
  readonly found: string;
  readonly meant: string;
}

/** Finds `DATABSE_URL`. Short names are left alone: too many of other programs lie one letter away. */
export function misspellings(
  variables: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Misspelling[] {
  const known = new Set(variables);
  const unset = variables.filter((variable) => variable.length >= 6 && !environment[variable]);
  return Object.keys(environment)
    .filter((found) => !known.has(found))
    .flatMap((found) => {
      const meant = unset.find((variable) => oneSlipApart(found, variable));
      return meant === undefined ? [] : [{ found, meant }];
    });
}

/** One letter wrong, missing, too many, or two neighbours swapped. */
function oneSlipApart(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  const rest = (text: string, skip: number): string => text.slice(at + skip);
  if (a.length !== b.length)
    return a.length > b.length ? rest(a, 1) === rest(b, 0) : rest(a, 0) === rest(b, 1);
  const swapped = a[at] === b[at + 1] && a[at + 1] === b[at] && rest(a, 2) === rest(b, 2);
  return swapped || rest(a, 1) === rest(b, 1);
}
