import type { Timeframe } from '../../kernel/time.js';
import { liveSession } from '../../kernel/events.js';
import type { Entry, Threshold } from './threshold.js';

/** A strategy as it runs. */
export interface RunningStrategy {
  readonly id: string;
  readonly accountId: string;
  readonly instrument: string;
  readonly timeframe: Timeframe;
  /** Null: the champion's predictions, whichever model that is. */
  readonly model: string | null;
  readonly threshold: Threshold;
}

/** What a strategy listens to. */
export interface Series {
  readonly session: string;
  readonly instrument: string;
  readonly timeframe: Timeframe;
  readonly model: string;
}

interface ReplayRun {
  /** The named strategies, or null for every started one of `accounts`. */
  readonly named: Map<string, RunningStrategy> | null;
  readonly accounts: ReadonlySet<string>;
  readonly memory: Map<string, Entry>;
}

/**
 * Who runs where, and what each remembers. Live memory and that of every replay are kept apart; a replay's is gone
 * when it ends. Bounded by one started strategy per account and instrument and by the replays that run.
 */
export class StrategyBook {
  private readonly started = new Map<string, RunningStrategy>();
  private readonly bySeries = new Map<string, Map<string, RunningStrategy>>();
  private readonly memory = new Map<string, Entry>();
  private readonly replays = new Map<string, ReplayRun>();

  get size(): number {
    return this.started.size;
  }

  start(strategy: RunningStrategy, entry: Entry | null): void {
    this.stop(strategy.id);
    this.started.set(strategy.id, strategy);
    const key = keyOf(strategy);
    const series = this.bySeries.get(key) ?? new Map<string, RunningStrategy>();
    this.bySeries.set(key, series.set(strategy.id, strategy));
    if (entry !== null) this.memory.set(strategy.id, entry);
  }

  /** Ends it everywhere, in replays too. */
  stop(id: string): void {
    for (const replay of this.replays.values()) replay.named?.delete(id);
    const strategy = this.started.get(id);
    if (strategy === undefined) return;
    this.started.delete(id);
    this.memory.delete(id);
    const key = keyOf(strategy);
    const series = this.bySeries.get(key);
    series?.delete(id);
    if (series?.size === 0) this.bySeries.delete(key);
  }

  /** `named`: only these run in the replay, started or not; null: every started one of its accounts. */
  beginReplay(session: string, accounts: readonly string[], named: readonly RunningStrategy[] | null): void {
    this.replays.set(session, {
      named: named && new Map(named.map((strategy) => [strategy.id, strategy])),
      accounts: new Set(accounts),
      memory: new Map(),
    });
  }

  endReplay(session: string): void {
    this.replays.delete(session);
  }

  runs(id: string, session: string): boolean {
    if (session === liveSession) return this.started.has(id);
    const replay = this.replays.get(session);
    if (replay === undefined) return false;
    return replay.named === null ? this.started.has(id) : replay.named.has(id);
  }

  /** Strategies that act on a prediction, in order of their ids. */
  listening({ session, instrument, timeframe, model }: Series): RunningStrategy[] {
    const replay = session === liveSession ? null : this.replays.get(session);
    if (replay === undefined) return [];
    const heard = (replay?.named ?? this.bySeries.get(keyOf({ instrument, timeframe })))?.values() ?? [];
    return [...heard]
      .filter(
        (one) =>
          one.instrument === instrument &&
          one.timeframe === timeframe &&
          (one.model === null || one.model === model) &&
          (replay === null || replay.accounts.has(one.accountId)),
      )
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  recall(session: string, id: string): Entry | null {
    return this.memoryOf(session)?.get(id) ?? null;
  }

  /** Answers whether this is news. What a strategy did that no longer runs is not kept. */
  remember(session: string, id: string, entry: Entry | null): boolean {
    const memory = this.memoryOf(session);
    if (memory === undefined || !this.runs(id, session)) return false;
    const before = memory.get(id) ?? null;
    if (entry?.candleTimeMs === before?.candleTimeMs && entry?.volatility === before?.volatility)
      return false;
    if (entry === null) memory.delete(id);
    else memory.set(id, entry);
    return true;
  }

  private memoryOf(session: string): Map<string, Entry> | undefined {
    return session === liveSession ? this.memory : this.replays.get(session)?.memory;
  }
}

function keyOf({ instrument, timeframe }: { instrument: string; timeframe: Timeframe }): string {
  return `${instrument} ${timeframe}`;
}
