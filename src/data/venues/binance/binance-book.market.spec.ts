import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import {
  type Recording,
  type RecordedAnswer,
  recordings,
} from '../../../../test/support/venue/recordings.js';
import type { BookLevel } from '../../contract/events.js';
import { BinanceBook, type DepthSnapshot, type DepthUpdate } from './binance-book.js';

const present = needsMarket('order books of recorded Binance depth');

interface Expected {
  snapshot_lastUpdateId: number;
  diffs_applied: number;
  diffs_dropped_before_sync: number;
  final_u: number;
  levels: [number, number];
  top20_bids: BookLevel[];
  top20_asks: BookLevel[];
}

interface Touch {
  u: number;
  b: string;
  B: string;
  a: string;
  A: string;
}

/** Compares our touch with every `bookTicker` that speaks of the very update a depth event ended with. */
class TouchProof {
  compared = 0;
  equal = 0;
  private readonly ours = new Map<number, string>();
  private readonly theirs = new Map<number, string>();

  depth(local: BinanceBook): void {
    const { bestBid, bestAsk } = local.book;
    this.settle(local.lastUpdateId!, `${bestBid} ${bestAsk}`, this.ours, this.theirs);
  }

  // A `bookTicker` may come before or after the depth event, so both wait for the other.
  ticker({ u, b, B, a, A }: Touch): void {
    this.settle(u, `${[b, B]} ${[a, A]}`, this.theirs, this.ours);
  }

  private settle(u: number, touch: string, mine: Map<number, string>, others: Map<number, string>): void {
    mine.set(u, touch);
    const other = others.get(u);
    if (other === undefined) return;
    this.compared += 1;
    if (other === touch) this.equal += 1;
  }
}

/** Depth events, tickers and snapshots of a recording in the order they arrived, into a book for each symbol. */
function played(
  recording: Recording,
  priceScale?: number,
): Map<string, { local: BinanceBook; proof: TouchProof }> {
  const books = new Map<string, { local: BinanceBook; proof: TouchProof }>();
  const bookOf = (symbol: string): { local: BinanceBook; proof: TouchProof } => {
    const known = books.get(symbol);
    if (known) return known;
    const local = new BinanceBook({ priceScale, depthMax: 20_000, bufferMax: 1000 });
    const made = { local, proof: new TouchProof() };
    books.set(symbol, made);
    return made;
  };
  const snapshots = recording.answers.filter(({ url }) => url.pathname.endsWith('/depth'));
  const inTime = [...recording.messages, ...snapshots].sort((a, b) => a.atMs - b.atMs);
  for (const heard of inTime) {
    const message = JSON.parse(heard.text);
    const symbol: string =
      'url' in heard ? (heard as RecordedAnswer).url.searchParams.get('symbol')! : message.data.s;
    const { local, proof } = bookOf(symbol);
    const { applied } = local;
    if (message.lastUpdateId !== undefined) {
      expect(local.onSnapshot(message as DepthSnapshot), symbol).toBe('applied');
    } else if (message.data.e === 'depthUpdate') {
      expect(local.onUpdate(message.data as DepthUpdate), symbol).toMatch(/^(waiting|applied|old)$/);
    } else if (message.stream.endsWith('@bookTicker')) {
      proof.ticker(message.data as Touch);
    }
    if (local.applied === applied) continue;
    expect(local.book.crossed, symbol).toBe(false);
    proof.depth(local);
  }
  return books;
}

describe.runIf(present)('a Binance book of recorded depth', () => {
  it.each([
    { market: 'spot_btcusdt', priceScale: 2, recording: recordings.binanceTicks, touches: 1072 },
    { market: 'usdm_btcusdt', priceScale: 1, recording: recordings.binanceFuturesTicks, touches: 629 },
  ])(
    'ends as the venue’s, and agrees with every bookTicker on the way: $market',
    ({ market, priceScale, recording, touches }) => {
      const file = marketFile('expected/l2_final_books.json');
      const wanted = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Expected>)[market];
      const { local, proof } = played(recording(), priceScale).get('BTCUSDT')!;
      const { bids, asks } = local.book.top(20);
      expect({
        applied: local.applied,
        discarded: local.discarded,
        last: local.lastUpdateId,
        levels: Object.values(local.book.sizes),
        bids,
        asks,
      }).toEqual({
        applied: wanted.diffs_applied,
        discarded: wanted.diffs_dropped_before_sync,
        last: wanted.final_u,
        levels: wanted.levels,
        bids: wanted.top20_bids,
        asks: wanted.top20_asks,
      });
      console.info(`${market}: ${proof.equal} of ${proof.compared} bookTickers equal our touch`);
      expect(proof.equal).toBe(proof.compared);
      expect(proof.compared).toBe(touches);
    },
  );

  it.each([
    { market: 'spot', recording: recordings.binance, wanted: [4, 172, 5, 26, 26] },
    { market: 'futures', recording: recordings.binanceFutures, wanted: [4, 749, 15, 50, 50] },
  ])('stays in step, never crossed, for every symbol of a session: $market', ({ recording, wanted }) => {
    const books = [...played(recording()).values()];
    const sum = (of: (one: (typeof books)[0]) => number): number =>
      books.reduce((all, one) => all + of(one), 0);
    expect(books.every(({ local }) => local.inStep)).toBe(true);
    expect([
      books.length,
      sum(({ local }) => local.applied),
      sum(({ local }) => local.discarded),
      sum(({ proof }) => proof.compared),
      sum(({ proof }) => proof.equal),
    ]).toEqual(wanted);
  });
});
