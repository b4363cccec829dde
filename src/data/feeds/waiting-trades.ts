import type { StoredTrade } from '../market/stored-trade.js';
import type { LiveSource } from '../partitions/retention-rules.js';

/** Trades of one feed that arrived together. */
export interface TradeRun {
  readonly source: LiveSource;
  readonly trades: readonly StoredTrade[];
}

/** Trades on their way to storage, in the runs they came in and no more of them than `max`: the oldest go first. */
export class WaitingTrades {
  private runs: TradeRun[] = [];
  private count = 0;

  constructor(private readonly max: number) {}

  get size(): number {
    return this.count;
  }

  /** Answers how many had to go. */
  put(run: TradeRun): number {
    if (run.trades.length === 0) return 0;
    this.runs.push(run);
    this.count += run.trades.length;
    return this.shorten();
  }

  /** The oldest trades, some `wanted` of them, by source. */
  take(wanted: number): TradeRun[] {
    const taken = new Map<LiveSource, StoredTrade[]>();
    let left = wanted;
    let runs = 0;
    for (; left > 0 && runs < this.runs.length; runs += 1) {
      const { source, trades } = this.runs[runs];
      let all = taken.get(source);
      if (!all) taken.set(source, (all = []));
      for (const trade of trades) all.push(trade);
      left -= trades.length;
    }
    this.runs.splice(0, runs);
    this.count -= wanted - left;
    return [...taken].map(([source, trades]) => ({ source, trades }));
  }

  /** Puts taken trades back before all others; answers how many had to go. */
  putBack(runs: readonly TradeRun[]): number {
    this.runs.unshift(...runs);
    for (const { trades } of runs) this.count += trades.length;
    return this.shorten();
  }

  private shorten(): number {
    const over = this.count - this.max;
    for (let left = over; left > 0;) {
      const [first] = this.runs;
      const gone = Math.min(left, first.trades.length);
      if (gone === first.trades.length) this.runs.shift();
      else this.runs[0] = { source: first.source, trades: first.trades.slice(gone) };
      this.count -= gone;
      left -= gone;
    }
    return Math.max(0, over);
  }
}
