import type { Tick } from './tick.js';

/** Where a source puts what it hears. Never blocks: what does not fit is refused and counted. */
export interface TickSink {
  accept(ticks: readonly Tick[]): void;
  /** The connection was lost and is made again. */
  reconnected(reason: string): void;
}

/** One source of market data: a venue's stream, or the simulated market. */
export interface FeedSource {
  readonly id: string;
  readonly instruments: readonly string[];
  /** What its candles are marked with. */
  readonly origin: 'feed' | 'simulated';
  /** Its clock: ours for a venue, its own for a simulation that runs faster. */
  nowMs(): number;
  /** What must be stored before the first tick, e.g. the past of a simulation. Called before each start. */
  prepare(): Promise<void>;
  /** Begins to fill the sink; resolves when it is running. */
  start(sink: TickSink): Promise<void>;
  stop(): Promise<void>;
}
