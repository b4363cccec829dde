import type { Problem } from '../../kernel/errors.js';

/** What a running job can say and hear. */
export interface JobContext {
  /** Aborted when somebody cancels the job or the server stops. */
  readonly signal: AbortSignal;
  /** 0 to 1, and where it stands in words. Written down now and then. */
  progress(fraction: number, detail: string): void;
}

export interface JobKind {
  readonly kind: string;
  run(request: unknown, context: JobContext): Promise<JobOutcome>;
  /** The job has ended for good, however it did. */
  ended(request: unknown): Promise<void>;
}

export interface JobOutcome {
  readonly detail: string;
  readonly result: unknown;
  /** Set when it failed in a way that was foreseen; `result` then says how far it got. */
  readonly problem?: Problem;
}

/** Thrown out of a job's work when its signal was aborted. */
export class JobStopped extends Error {
  override readonly name = 'JobStopped';
}
