import {
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { Problem, problem as problemOf, type ProblemDocument } from '../../kernel/errors.js';
import { EventBus, type SessionSpoiled } from '../../kernel/events.js';
import { Ids } from '../../kernel/ids.js';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { type Page, pageLimitMax, type PageQuery } from '../../kernel/page.js';
import { hasRole, type Principal } from '../../kernel/principal.js';
import { Clock, type Timeframe } from '../../kernel/time.js';
import { dataProblem } from '../contract/errors.js';
import type { ReplayEnded, ReplayStarted } from '../contract/events.js';
import { Replay, Replays, StartReplay } from '../contract/replays.js';
import { readCursor, writeCursor } from '../cursor.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { readTimeRange } from '../time-range.js';
import { ReplayMaterial } from './replay-material.service.js';
import { playReplay } from './replay-run.service.js';
import { ReplayRepository, replayView, type StoredReplay } from './replay.repository.js';

interface Session {
  stored: StoredReplay;
  readonly abort: AbortController;
  done: Promise<void>;
  /** Why it was aborted, when nobody asked for it. */
  failure: ProblemDocument | null;
}

const writeEveryMs = 1_000;
const stopMsMax = 2_000;
const defaultLimit = 100;
const defaultSeed = 1;

/**
 * Replay sessions: stored data, played to consumers on a clock of its own under the replay's id as session. Nothing of a
 * session is written to the market. A session does not outlive its process: one found running at the start has failed.
 */
@Injectable()
export class ReplaysService extends Replays implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly sessions = new Map<string, Session>();
  private readonly metrics: DataMetrics;
  private readonly log: Log;

  constructor(
    private readonly repository: ReplayRepository,
    private readonly material: ReplayMaterial,
    private readonly bus: EventBus,
    private readonly ids: Ids,
    private readonly clock: Clock,
    private readonly config: DataConfig,
    metrics: Metrics,
    log: Log,
  ) {
    super();
    this.metrics = dataMetrics(metrics);
    this.log = log.of('replays');
    this.metrics.replaysOpen(() => this.sessions.size);
  }

  onModuleInit(): void {
    this.bus.subscribe<SessionSpoiled>('events.session-spoiled', 'data.replays', ({ session, data }) => {
      const spoiled = this.sessions.get(session);
      if (spoiled === undefined) return;
      spoiled.failure ??= problemOf('SERVER_FAULT', {
        detail: `${data.subscriber} failed on an event of this replay (${data.type}), so its results would be wrong; the log says why`,
      }).toDocument();
      spoiled.abort.abort();
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const stored of await this.repository.running()) {
      const problem = stopped();
      await this.repository.update(
        { ...stored, state: 'failed', problem },
        { finishedMs: this.clock.nowMs() },
      );
      this.metrics.replays.inc({ state: 'failed' });
      // Whoever bound accounts to the session before the crash lets them go.
      await this.tellEnd({ ...stored, state: 'failed' });
    }
  }

  async onModuleDestroy(): Promise<void> {
    const done = [...this.sessions.values()].map((session) => {
      session.failure = stopped();
      session.abort.abort();
      return session.done;
    });
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise((wake) => {
      timer = setTimeout(wake, stopMsMax);
    });
    await Promise.race([Promise.all(done), tooLong]);
    clearTimeout(timer);
  }

  async start(command: { principal: Principal; replay: StartReplay }): Promise<Replay> {
    const { principal } = command;
    const request = { ...command.replay, instruments: [...new Set(command.replay.instruments)] };
    const { fromMs, toMs } = readTimeRange(request);
    const speed = speedOf(request.speed ?? 'max');
    const range = { fromMs: fromMs!, toMs: toMs! };
    await this.material.check(request, range);
    if (this.sessions.size >= this.config.replaysRunningMax) {
      throw dataProblem('DATA_TOO_MANY_JOBS', {
        detail: `${this.sessions.size} replays run, ${this.config.replaysRunningMax} may; try again when one has ended, or stop one with DELETE /v1/replays/:id`,
        facts: { running: this.sessions.size, limit: this.config.replaysRunningMax },
        retryAfterSeconds: 10,
      });
    }
    const stored: StoredReplay = {
      id: this.ids.next(),
      owner: principal.userId,
      state: 'running',
      request,
      ...range,
      nowMs: range.fromMs,
      played: 0,
      problem: null,
    };
    const session: Session = { stored, abort: new AbortController(), done: Promise.resolve(), failure: null };
    this.sessions.set(stored.id, session);
    try {
      await this.repository.insert(stored, this.clock.nowMs());
    } catch (error) {
      this.sessions.delete(stored.id);
      throw error;
    }
    session.done = this.run(session, speed).finally(() => this.sessions.delete(stored.id));
    return replayView(stored);
  }

  async get(query: { principal: Principal; id: string }): Promise<Replay> {
    return replayView(await this.find(query));
  }

  async list(query: { principal: Principal } & PageQuery): Promise<Page<Replay>> {
    const limit = Math.min(query.limit ?? defaultLimit, pageLimitMax);
    const cursor = query.cursor === undefined ? null : readCursor('replays', query.cursor);
    const owner = hasRole(query.principal, 'operator') ? null : query.principal.userId;
    // As of before the reading: one that ends meanwhile would else be shown as its row stood while it ran.
    const sessions = new Map(this.sessions);
    const rows = await this.repository.list({ owner, beforeId: cursor?.id ?? null, limit: limit + 1 });
    const items = rows.slice(0, limit).map((row) => replayView(sessions.get(row.id)?.stored ?? row));
    const last = items.at(-1);
    const more = rows.length > limit && last !== undefined;
    return {
      items,
      nextCursor: more
        ? writeCursor('replays', { direction: 'older', timeMs: 0, place: 0, id: last.id })
        : null,
    };
  }

  async stop(command: { principal: Principal; id: string }): Promise<Replay> {
    const { id } = await this.find(command);
    this.sessions.get(id)?.abort.abort();
    return this.get(command);
  }

  private async find(query: { principal: Principal; id: string }): Promise<StoredReplay> {
    const stored = this.sessions.get(query.id)?.stored ?? (await this.repository.get(query.id));
    if (!stored || (!hasRole(query.principal, 'operator') && stored.owner !== query.principal.userId)) {
      throw dataProblem('DATA_REPLAY_UNKNOWN', {
        detail: `there is no replay ${JSON.stringify(String(query.id).slice(0, 60))} of yours; GET /v1/replays lists them`,
      });
    }
    return stored;
  }

  private async run(session: Session, speed: number | null): Promise<void> {
    const { id, request, fromMs, toMs } = session.stored;
    const kind = request.timeframe === undefined ? 'trades' : 'candles';
    let writtenMs = this.clock.monotonicMs();
    let writing: Promise<void> = Promise.resolve();
    const stepped = (nowMs: number): void => {
      session.stored = { ...session.stored, nowMs, played: session.stored.played + 1 };
      this.metrics.replaySteps.inc({ kind });
      if (this.clock.monotonicMs() - writtenMs < writeEveryMs) return;
      writtenMs = this.clock.monotonicMs();
      // How far it is matters to nobody after a crash; losing one is no harm.
      writing = this.repository.update(session.stored, null).catch(() => undefined);
    };
    let failure: ProblemDocument | null = null;
    try {
      await this.tellStart(session.stored);
      await playReplay({
        session: id,
        fromMs,
        timeframe: (request.timeframe as Timeframe | undefined) ?? null,
        ...this.material.open(request, { fromMs, toMs }),
        speed,
        bus: this.bus,
        clock: this.clock,
        signal: session.abort.signal,
        stepped,
      });
    } catch (error) {
      this.log.error({ replay: id, error }, 'a replay failed');
      failure =
        error instanceof Problem
          ? error.toDocument()
          : problemOf('SERVER_FAULT', { detail: 'the server failed while playing this' }).toDocument();
    }
    await writing;
    const ended = (): StoredReplay => {
      const problem = failure ?? session.failure;
      const state = problem ? 'failed' : session.abort.signal.aborted ? 'canceled' : 'succeeded';
      return { ...session.stored, state, problem, ...(state === 'succeeded' ? { nowMs: toMs } : {}) };
    };
    // Whoever sees that it has ended may rely on everybody having finished with it, and finishing may fail as well.
    await this.tellEnd(ended());
    session.stored = ended();
    const { state } = session.stored;
    await this.repository
      .update(session.stored, { finishedMs: this.clock.nowMs() })
      .catch((error: unknown) =>
        this.log.error({ replay: id, error }, 'the end of a replay could not be written down'),
      );
    this.metrics.replays.inc({ state });
    this.log.info({ replay: id, state, played: session.stored.played }, 'a replay has ended');
  }

  private tellStart({ id, request, fromMs, toMs }: StoredReplay): Promise<void> {
    return this.bus.publish({
      type: 'data.replay-started',
      key: id,
      timeMs: fromMs,
      session: id,
      data: {
        replayId: id,
        instruments: request.instruments,
        timeframe: (request.timeframe as Timeframe | undefined) ?? null,
        fromMs,
        toMs,
        accounts: request.accounts,
        strategies: request.strategies ?? null,
        seed: request.seed ?? defaultSeed,
      },
    } satisfies ReplayStarted);
  }

  private tellEnd({ id, state, request, nowMs }: StoredReplay): Promise<void> {
    return this.bus.publish({
      type: 'data.replay-ended',
      key: id,
      timeMs: nowMs,
      session: id,
      data: { replayId: id, outcome: state === 'running' ? 'failed' : state, accounts: request.accounts },
    } satisfies ReplayEnded);
  }
}

function stopped(): ProblemDocument {
  return problemOf('SERVER_UNAVAILABLE', {
    detail: 'the server stopped while this replay ran; start it again',
  }).toDocument();
}

/** Null for `max`. Throws DATA_REPLAY_INVALID. */
function speedOf(text: string): number | null {
  if (text === 'max') return null;
  const speed = Number(text);
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw dataProblem('DATA_REPLAY_INVALID', {
    detail: `speed is ${JSON.stringify(text.slice(0, 20))}; it must be max or a number greater than 0`,
    errors: [{ pointer: '/speed', detail: 'must be max or a number greater than 0' }],
  });
}
