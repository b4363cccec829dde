export type LineValue = string | number | undefined;

/** Structured log as business code sees it: facts first, then a sentence. Secrets never go in. */
export abstract class Log {
  abstract debug(facts: Record<string, unknown>, sentence: string): void;
  abstract info(facts: Record<string, unknown>, sentence: string): void;
  abstract warn(facts: Record<string, unknown>, sentence: string): void;
  abstract error(facts: Record<string, unknown>, sentence: string): void;
  /**
   * Writes info lines that always have the same few facts, for hot paths: it costs little more than its text.
   * Values come in the order of `names`; an undefined one is left out.
   */
  abstract lines(sentence: string, names: readonly string[]): (values: readonly LineValue[]) => void;
  /** A log whose lines carry `part`. */
  abstract of(part: string): Log;
}

/** Drops everything; for pure tests and tools. */
export class SilentLog extends Log {
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
  lines(): () => void {
    return () => undefined;
  }
  of(): Log {
    return this;
  }
}
