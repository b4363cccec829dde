import type { FieldError } from '../../kernel/errors.js';

/** Lines that are told one by one; more are counted. */
export const reportedMax = 100;

export interface LineFault {
  readonly line: number;
  readonly detail: string;
}

/** What became of the rows of one import. `rows` are the data lines read: inserted + unchanged + replaced + kept + skipped when it succeeded. */
export interface ImportReport {
  rows: number;
  inserted: number;
  /** Stored already, with the same content. */
  unchanged: number;
  /** Stored with other content before. */
  replaced: number;
  /** In the file with other content than stored; the stored row stayed. */
  kept: number;
  /** Bad or repeated lines left out. */
  skipped: number;
  /** Larger candles made of them, by timeframe. */
  derived: Record<string, number>;
  /** Bad lines in all, and the first of them. */
  errorCount: number;
  errors: LineFault[];
}

export function emptyReport(): ImportReport {
  return {
    rows: 0,
    inserted: 0,
    unchanged: 0,
    replaced: 0,
    kept: 0,
    skipped: 0,
    derived: {},
    errorCount: 0,
    errors: [],
  };
}

export function addFault(report: ImportReport, line: number, detail: string): void {
  report.errorCount += 1;
  if (report.errors.length < reportedMax) report.errors.push({ line, detail });
}

/** Line faults in the shape of a problem document. */
export function fieldErrors(faults: readonly LineFault[]): FieldError[] {
  return faults.map(({ line, detail }) => ({ pointer: `line ${line}`, detail }));
}
