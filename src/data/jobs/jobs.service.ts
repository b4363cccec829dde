import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Problem, problem as problemOf, type ProblemDocument } from '../../kernel/errors.js';
import { EventBus, liveSession } from '../../kernel/events.js';
import { Ids } from '../../kernel/ids.js';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { type Page, pageLimitMax, type PageQuery } from '../../kernel/page.js';
import { hasRole, type Principal } from '../../kernel/principal.js';
import { Clock } from '../../kernel/time.js';
import { dataProblem } from '../contract/errors.js';
import type { JobChanged } from '../contract/events.js';
import { DataJobs, Job } from '../contract/jobs.js';
import { readCursor, writeCursor } from '../cursor.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { type JobContext, type JobKind, type JobLane, JobStopped } from './job-kind.js';
import { type JobChange, JobRepository } from './job.repository.js';

interface Waiting {
  readonly id: string;
  readonly kind: JobKind;
  readonly request: unknown;
  /** Where it stood when the server stopped; a job that never ran has neither. */
  readonly kept: unknown;
  readonly progress: number;
}

interface Running {
  readonly lane: JobLane;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

const progressEveryMs = 500;
const stopMsMax = 2_000;
const defaultLimit = 100;

/**
 * Long work, one row each: in each lane a few run, a bounded number waits, more are refused. What waited when the
 * server went down goes on waiting at the next start; what ran then goes on where it stood if its kind can, and else
 * has failed and says so.
 */
@Injectable()
export class JobsService extends DataJobs implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly kinds = new Map<string, JobKind>();
  private readonly waiting: Waiting[] = [];
  private readonly running = new Map<string, Running>();
  private readonly admitted: Record<JobLane, number> = { imports: 0, backfills: 0 };
  private ended = false;
  private readonly metrics: DataMetrics;
  private readonly log: Log;

  constructor(
    private readonly repository: JobRepository,
    private readonly config: DataConfig,
    private readonly ids: Ids,
    private readonly clock: Clock,
    private readonly bus: EventBus,
    metrics: Metrics,
    log: Log,
  ) {
    super();
    this.metrics = dataMetrics(metrics);
    this.log = log.of('jobs');
    this.metrics.jobsOpen(() => [
      { value: this.waiting.length, labels: { state: 'queued' } },
      { value: this.running.size, labels: { state: 'running' } },
    ]);
  }

  /** Says who does the work of a kind; before the server has started. */
  register(kind: JobKind): void {
    this.kinds.set(kind.kind, kind);
  }

  /** Requests of jobs that wait or run, for whoever keeps files for them. */
  async openRequests(): Promise<unknown[]> {
    return (await this.repository.unfinished(2 * this.config.jobsQueuedMax + 100)).map(
      ({ request }) => request,
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const { job, request, kept } of await this.repository.unfinished(
      2 * this.config.jobsQueuedMax + 100,
    )) {
      const kind = this.kinds.get(job.kind);
      if (kind && (job.state === 'queued' || kind.resumable)) {
        if (job.state === 'running') {
          const detail = 'the server stopped while this was running; it goes on where it stood';
          await this.change(job.id, { state: 'queued', progress: job.progress, detail });
        }
        this.waiting.push({ id: job.id, kind, request, kept, progress: job.progress });
        continue;
      }
      const detail =
        'the server stopped while this was running; send it again, what is stored already stays as it is';
      await this.change(job.id, {
        state: 'failed',
        progress: job.progress,
        detail,
        finishedMs: this.clock.nowMs(),
        problem: problemOf('SERVER_UNAVAILABLE', { detail }).toDocument(),
      });
      this.metrics.jobs.inc({ kind: job.kind, state: 'failed' });
      await kind?.ended(request);
    }
    this.admit();
  }

  async onModuleDestroy(): Promise<void> {
    this.ended = true;
    const done = [...this.running.values()].map((one) => one.done);
    for (const { abort } of this.running.values()) abort.abort();
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise((wake) => {
      timer = setTimeout(wake, stopMsMax);
    });
    await Promise.race([Promise.all(done), tooLong]);
    clearTimeout(timer);
  }

  /** Throws DATA_TOO_MANY_JOBS. */
  async submit(command: { kind: string; owner: Principal; request: unknown }): Promise<Job> {
    const kind = this.kinds.get(command.kind)!;
    const lane = laneOf(kind);
    const { jobsQueuedMax } = this.config;
    const running = this.runningIn(lane);
    const waiting = this.waiting.filter((one) => laneOf(one.kind) === lane).length;
    if (waiting + running + this.admitted[lane] >= jobsQueuedMax + this.runningMax(lane)) {
      throw dataProblem('DATA_TOO_MANY_JOBS', {
        detail: `${running} ${lane} run and ${waiting} wait; ${jobsQueuedMax} may wait. Try again when one has ended`,
        facts: { running, waiting, limit: jobsQueuedMax },
        retryAfterSeconds: 10,
      });
    }
    const id = this.ids.next();
    const createdMs = this.clock.nowMs();
    // Counted while it is written down, so that a burst cannot pass the bound together.
    this.admitted[lane] += 1;
    try {
      const job = await this.repository.insert({
        id,
        kind: kind.kind,
        owner: command.owner.userId,
        request: command.request,
        createdMs,
      });
      this.waiting.push({ id, kind, request: command.request, kept: null, progress: 0 });
      this.tell(command.owner.userId, job);
      return job;
    } finally {
      this.admitted[lane] -= 1;
      this.admit();
    }
  }

  async list(query: { principal: Principal } & PageQuery): Promise<Page<Job>> {
    const limit = Math.min(query.limit ?? defaultLimit, pageLimitMax);
    const cursor = query.cursor === undefined ? null : readCursor('jobs', query.cursor);
    const owner = hasRole(query.principal, 'operator') ? null : query.principal.userId;
    const jobs = await this.repository.list({ owner, beforeId: cursor?.id ?? null, limit: limit + 1 });
    const items = jobs.slice(0, limit);
    const last = items.at(-1);
    return {
      items,
      nextCursor:
        jobs.length > limit && last
          ? writeCursor('jobs', { direction: 'older', timeMs: 0, place: 0, id: last.id })
          : null,
    };
  }

  async get(query: { principal: Principal; id: string }): Promise<Job> {
    const stored = await this.repository.get(query.id);
    // Another owner's job is answered like one that is not there.
    if (!stored || (!hasRole(query.principal, 'operator') && stored.owner !== query.principal.userId)) {
      throw dataProblem('DATA_JOB_UNKNOWN', {
        detail: `there is no job ${JSON.stringify(String(query.id).slice(0, 60))} of yours; GET /v1/jobs lists them`,
      });
    }
    return stored.job;
  }

  async cancel(command: { principal: Principal; id: string }): Promise<Job> {
    const job = await this.get(command);
    this.running.get(job.id)?.abort.abort();
    const at = this.waiting.findIndex(({ id }) => id === job.id);
    if (at >= 0) {
      const [{ id, kind, request }] = this.waiting.splice(at, 1);
      const detail = 'canceled before it began';
      await this.change(id, {
        state: 'canceled',
        progress: 0,
        detail,
        finishedMs: this.clock.nowMs(),
      });
      this.metrics.jobs.inc({ kind: kind.kind, state: 'canceled' });
      await kind.ended(request);
    }
    return this.get(command);
  }

  private async change(id: string, change: JobChange): Promise<void> {
    const changed = await this.repository.change(id, change);
    if (changed) this.tell(changed.owner, changed.job);
  }

  /** Who watches jobs hears of what is already stored. */
  private tell(owner: string, job: Job): void {
    const event: JobChanged = {
      type: 'data.job-changed',
      key: job.id,
      timeMs: this.clock.nowMs(),
      session: liveSession,
      data: { owner, job },
    };
    void this.bus.publish(event);
  }

  private admit(): void {
    while (!this.ended) {
      const at = this.waiting.findIndex(({ kind }) => {
        const lane = laneOf(kind);
        return this.runningIn(lane) < this.runningMax(lane);
      });
      if (at < 0) return;
      const [next] = this.waiting.splice(at, 1);
      const abort = new AbortController();
      const done = this.work(next, abort.signal)
        .catch((error: unknown) =>
          this.log.error({ job: next.id, error }, 'the end of a job could not be written down'),
        )
        .finally(() => {
          this.running.delete(next.id);
          this.admit();
        });
      this.running.set(next.id, { lane: laneOf(next.kind), abort, done });
    }
  }

  private runningIn(lane: JobLane): number {
    let running = 0;
    for (const one of this.running.values()) if (one.lane === lane) running += 1;
    return running;
  }

  private runningMax(lane: JobLane): number {
    return lane === 'backfills' ? this.config.backfillsRunningMax : this.config.jobsRunningMax;
  }

  private async work(job: Waiting, signal: AbortSignal): Promise<void> {
    const { id, kind, request, kept } = job;
    const startMonotonicMs = this.clock.monotonicMs();
    let { progress } = job;
    let writtenMs = startMonotonicMs;
    let writing: Promise<unknown> = this.change(id, {
      state: 'running',
      progress,
      detail: kept === null ? 'has begun' : 'goes on where it stood',
      ...(kept === null ? { startedMs: this.clock.nowMs() } : {}),
    });
    await writing;
    const context: JobContext = {
      id,
      kept,
      signal,
      progress: (fraction, detail) => {
        progress = Math.min(1, Math.max(progress, fraction));
        const nowMs = this.clock.monotonicMs();
        if (nowMs - writtenMs < progressEveryMs) return;
        writtenMs = nowMs;
        // Progress is for people: losing one is no harm.
        writing = this.change(id, { state: 'running', progress, detail }).catch(() => undefined);
      },
    };
    const outcome = await outcomeOf(kind, request, context, this.log);
    await writing;
    const takesItAgain = outcome.stopped && this.ended;
    if (!takesItAgain) await kind.ended(request);
    const state = takesItAgain
      ? 'queued'
      : outcome.stopped
        ? 'canceled'
        : outcome.problem
          ? 'failed'
          : 'succeeded';
    await this.change(id, {
      state,
      progress: state === 'succeeded' ? 1 : takesItAgain && !kind.resumable ? 0 : progress,
      detail: takesItAgain
        ? `the server stopped; it ${kind.resumable ? 'goes on where it stood' : 'begins again'} at the next start`
        : outcome.detail,
      ...(takesItAgain ? {} : { finishedMs: this.clock.nowMs() }),
      ...(outcome.result === null ? {} : { result: outcome.result }),
      ...(outcome.problem ? { problem: outcome.problem } : {}),
    });
    if (takesItAgain) return;
    this.metrics.jobs.inc({ kind: kind.kind, state });
    this.metrics.jobSeconds.observe((this.clock.monotonicMs() - startMonotonicMs) / 1000, {
      kind: kind.kind,
    });
    this.log.info({ job: id, kind: kind.kind, state, detail: outcome.detail }, 'a job has ended');
  }
}

function laneOf(kind: JobKind): JobLane {
  return kind.lane ?? 'imports';
}

async function outcomeOf(
  kind: JobKind,
  request: unknown,
  context: JobContext,
  log: Log,
): Promise<{ stopped: boolean; detail: string; result: unknown; problem?: ProblemDocument }> {
  try {
    const { detail, result, problem } = await kind.run(request, context);
    return { stopped: false, detail, result, ...(problem ? { problem: problem.toDocument() } : {}) };
  } catch (error) {
    if (context.signal.aborted) {
      const partial = error instanceof JobStopped ? error.partial : null;
      const { detail, result } = partial ?? { detail: 'canceled; nothing of it was kept', result: null };
      return { stopped: true, detail, result };
    }
    if (error instanceof Problem) {
      return { stopped: false, detail: error.content.detail, result: null, problem: error.toDocument() };
    }
    log.error({ kind: kind.kind, error }, 'a job failed for a reason nobody foresaw');
    const detail = `the server failed while working on this; ${kind.resumable ? 'what it stored before stays' : 'nothing of it was kept'}`;
    return {
      stopped: false,
      detail,
      result: null,
      problem: problemOf('SERVER_FAULT', { detail }).toDocument(),
    };
  }
}
