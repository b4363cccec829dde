import { anything, float, oneOf, text, time } from '../../kernel/fields.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const;
export type JobState = (typeof jobStates)[number];

/** Long work, durable: after a crash a running backfill goes on where it stood, and a running import is `failed` with the reason. */
export class Job {
  @text()
  id: string;

  @text({ example: 'import-candles' })
  kind: string;

  @oneOf(jobStates)
  state: JobState;

  @float({ min: 0, max: 1, about: '0 to 1.' })
  progress: number;

  @text({ max: 2000 })
  detail: string;

  @time({ nullable: true })
  startedAt: string | null;

  @time({ nullable: true })
  finishedAt: string | null;

  @anything({ nullable: true, about: 'What it made, by kind.' })
  result: unknown;

  @anything({ nullable: true, about: 'Problem document, when failed.' })
  problem: unknown;
}

export abstract class DataJobs {
  static readonly port: PortDescription<DataJobs> = {
    name: 'data.jobs',
    methods: { list: 'read', get: 'read', cancel: 'keyed' },
  };

  /** Newest first. Traders see their own, operators all. Throws DATA_CURSOR_INVALID. */
  abstract list(query: { principal: Principal } & PageQuery): Promise<Page<Job>>;
  /** Throws DATA_JOB_UNKNOWN. */
  abstract get(query: { principal: Principal; id: string }): Promise<Job>;
  /** Asks it to stop; answers the job as it then is. Throws DATA_JOB_UNKNOWN. */
  abstract cancel(command: { principal: Principal; id: string }): Promise<Job>;
}
