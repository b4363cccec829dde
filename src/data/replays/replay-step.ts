import type { BuiltCandle } from '../candles/built-candle.js';
import type { StoredTrade } from '../market/stored-trade.js';

/** What happens next in a replay: everything of one moment. Instruments are in the order the replay was given them. */
export type ReplayStep =
  | {
      readonly kind: 'candles';
      /** When these candles close. */
      readonly timeMs: number;
      readonly bars: readonly { readonly instrument: string; readonly candle: BuiltCandle }[];
    }
  | {
      readonly kind: 'trades';
      /** Time of the last of these trades, and the second that holds all of them. */
      readonly timeMs: number;
      readonly fromMs: number;
      readonly batches: readonly { readonly instrument: string; readonly trades: readonly StoredTrade[] }[];
    };

/** Rows of one instrument, rising in time, read a page at a time. */
export interface RowPages<Row> {
  readonly instrument: string;
  next(): Promise<Row[]>;
}

/** Reads the next page only when the last row of the one before is used up. */
class Reader<Row> {
  private page: Row[] = [];
  private at = 0;
  private done = false;

  constructor(private readonly pages: RowPages<Row>) {}

  get instrument(): string {
    return this.pages.instrument;
  }

  async peek(): Promise<Row | null> {
    if (this.at >= this.page.length && !this.done) {
      this.page = await this.pages.next();
      this.at = 0;
      this.done = this.page.length === 0;
    }
    return this.done ? null : this.page[this.at];
  }

  skip(): void {
    this.at += 1;
  }
}

/** Candles of several instruments by open time; those of one time are one step, since they close together. */
export async function* candleSteps(
  sources: RowPages<BuiltCandle>[],
  spanMs: number,
): AsyncGenerator<ReplayStep> {
  const readers = sources.map((pages) => new Reader(pages));
  for (;;) {
    let openTimeMs = Infinity;
    for (const reader of readers)
      openTimeMs = Math.min(openTimeMs, (await reader.peek())?.openTimeMs ?? Infinity);
    if (openTimeMs === Infinity) return;
    const bars: { instrument: string; candle: BuiltCandle }[] = [];
    for (const reader of readers) {
      const candle = await reader.peek();
      if (candle?.openTimeMs !== openTimeMs) continue;
      bars.push({ instrument: reader.instrument, candle });
      reader.skip();
    }
    yield { kind: 'candles', timeMs: openTimeMs + spanMs, bars };
  }
}

const secondMs = 1_000;

/** Trades of several instruments, a second at a time; seconds without a trade are no step. */
export async function* tradeSteps(sources: RowPages<StoredTrade>[]): AsyncGenerator<ReplayStep> {
  const readers = sources.map((pages) => new Reader(pages));
  for (;;) {
    let firstMs = Infinity;
    for (const reader of readers) firstMs = Math.min(firstMs, (await reader.peek())?.timeMs ?? Infinity);
    if (firstMs === Infinity) return;
    const fromMs = Math.floor(firstMs / secondMs) * secondMs;
    const batches: { instrument: string; trades: StoredTrade[] }[] = [];
    let timeMs = firstMs;
    for (const reader of readers) {
      const trades: StoredTrade[] = [];
      for (let row = await reader.peek(); row && row.timeMs < fromMs + secondMs; row = await reader.peek()) {
        trades.push(row);
        timeMs = Math.max(timeMs, row.timeMs);
        reader.skip();
      }
      if (trades.length > 0) batches.push({ instrument: reader.instrument, trades });
    }
    yield { kind: 'trades', timeMs, fromMs, batches };
  }
}
