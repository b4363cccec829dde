import type { Problem } from '../../kernel/errors.js';

/** What a running job can say and hear. */
export interface JobContext {
  readonly id: string;
  /** What the job kept of itself (`JobRepository.keep`) before the server stopped; null at its first start. */
  readonly kept: unknown;
  /** Aborted when somebody cancels the job or the server stops. */
  readonly signal: AbortSignal;
  /** 0 to 1, and where it stands in words. Written down now and then. */
  progress(fraction: number, detail: string): void;
}

/** Jobs of one lane wait for each other and for no other lane. */
export type JobLane = 'imports' | 'backfills';

export interface JobKind {
  readonly kind: string;
  /** Default `imports`. */
  readonly lane?: JobLane;
  /** What it has written stays, and it goes on from what it kept after a crash. Default: all or nothing. */
  readonly resumable?: boolean;
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

  /** `partial`: how far a resumable job got. */
  constructor(readonly partial: JobOutcome | null = null) {
    super('the job was stopped');
  }
}
