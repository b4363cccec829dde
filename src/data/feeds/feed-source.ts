import type { MessageFault } from './saying.js';
import type { StreamWatch } from './stream-watch.js';
import type { Refusal, Tick } from './tick.js';

/** Where a source puts what it hears. Never blocks: what does not fit is refused and counted. */
export interface TickSink {
  /** What a source knows of these begins now; must come before their first tick. */
  begin(instruments: readonly string[]): Promise<void>;
  accept(ticks: readonly Tick[]): void;
  /** What the source itself could not use. */
  refused(reason: Refusal | MessageFault, count: number): void;
  /** The connection was lost and is made again: in one word, and for people. */
  reconnected(reason: string, says: string): void;
}

/** How a source is. `failed` goes on trying. */
export interface SourceCondition {
  readonly state: 'starting' | 'running' | 'failed';
  /** What went wrong last; null when nothing did. */
  readonly error: string | null;
}

/** One source of market data: a venue's stream, or the simulated market. */
export interface FeedSource {
  readonly id: string;
  readonly instruments: readonly string[];
  /** What its candles are marked with. */
  readonly origin: 'feed' | 'simulated';
  /** Its clock: ours for a venue, its own for a simulation that runs faster. */
  nowMs(): number;
  /**
   * What must be stored before the first tick, e.g. the past of a simulation; begins what can begin. Called before
   * each start; never waits for a venue.
   */
  prepare(sink: Pick<TickSink, 'begin'>): Promise<void>;
  /** Begins to fill the sink; resolves when it is running, or when it goes on trying by itself. */
  start(sink: TickSink): Promise<void>;
  /** Takes no longer than a second, whatever a venue does. */
  stop(): Promise<void>;
  /** Absent where starting says it all. */
  condition?(): SourceCondition;
  /** Its streams, where it has several. */
  streams?(): { readonly instrument: string; readonly watch: StreamWatch }[];
  /** Its clock minus ours, ms; null where nobody knows. */
  skewMs?(): number | null;
}
