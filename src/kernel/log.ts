/** Structured log as business code sees it: facts first, then a sentence. Secrets never go in. */
export abstract class Log {
  abstract debug(facts: Record<string, unknown>, sentence: string): void;
  abstract info(facts: Record<string, unknown>, sentence: string): void;
  abstract warn(facts: Record<string, unknown>, sentence: string): void;
  abstract error(facts: Record<string, unknown>, sentence: string): void;
  /** A log whose lines carry `part`. */
  abstract of(part: string): Log;
}

/** Drops everything; for pure tests and tools. */
export class SilentLog extends Log {
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
  of(): Log {
    return this;
  }
}
