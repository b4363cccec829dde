import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import { answeredTexts, receivedTexts, recordedTicks } from '../../../../test/support/recorded.js';
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

describe.runIf(present)('a Binance book of recorded depth', () => {
  const finalBooks = JSON.parse(
    present ? readFileSync(marketFile('expected/l2_final_books.json'), 'utf8') : '{}',
  ) as Record<string, Expected>;

  it.each([
    {
      market: 'spot_btcusdt',
      priceScale: 2,
      files: ['ticks/binance_spot_btcusdt_20240808.gz', 'ticks/binance_spot_btcusdt_20240809.gz'],
      touches: 1072,
    },
    {
      market: 'usdm_btcusdt',
      priceScale: 1,
      files: ['ticks/binance_usdm_btcusdt_20240808.gz'],
      touches: 629,
    },
  ])(
    'ends as the venue’s, and agrees with every bookTicker on the way: $market',
    ({ market, priceScale, files, touches }) => {
      const wanted = finalBooks[market];
      const local = new BinanceBook({ priceScale, depthMax: 20_000, bufferMax: 1000 });
      const proof = new TouchProof();
      let restarts = 0;
      for (const message of recordedTicks(...files)) {
        const before = local.applied;
        if (message.stream === undefined) {
          expect(message.lastUpdateId).toBe(wanted.snapshot_lastUpdateId);
          local.onSnapshot(message as DepthSnapshot);
        } else if (message.data.e === 'depthUpdate') {
          if (local.onUpdate(message.data as DepthUpdate) === 'gap') restarts += 1;
        } else if (message.stream.endsWith('@bookTicker')) {
          proof.ticker(message.data as Touch);
        }
        if (local.applied > before) proof.depth(local);
      }
      const { bids, asks } = local.book.top(20);
      expect({
        restarts,
        applied: local.applied,
        discarded: local.discarded,
        last: local.lastUpdateId,
        levels: Object.values(local.book.sizes),
        bids,
        asks,
      }).toEqual({
        restarts: 0,
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
    {
      market: 'spot',
      ws: 'wire/cryptofeed/BINANCE.ws.1.0',
      http: 'wire/cryptofeed/BINANCE.http.0.0.gz',
      wanted: { symbols: 4, updates: 177, applied: 172, touches: 26 },
    },
    {
      market: 'futures',
      ws: 'wire/cryptofeed/BINANCE_FUTURES.ws.1.0.gz',
      http: 'wire/cryptofeed/BINANCE_FUTURES.http.0.0.gz',
      wanted: { symbols: 4, updates: 764, applied: 749, touches: 50 },
    },
  ])('stays in step, never crossed, for every symbol of a session: $market', ({ ws, http, wanted }) => {
    const locals = new Map<string, BinanceBook>();
    const proofs = new Map<string, TouchProof>();
    const snapshots = [...answeredTexts(http)].flatMap(([url, text]) => {
      const symbol = /depth\?symbol=(\w+)/.exec(url)?.[1];
      return symbol ? [[symbol, JSON.parse(text) as DepthSnapshot] as const] : [];
    });
    let updates = 0;
    for (const text of receivedTexts(ws)) {
      const { data } = JSON.parse(text);
      const symbol = data.s as string;
      const local = locals.get(symbol) ?? new BinanceBook({ depthMax: 20_000, bufferMax: 1000 });
      locals.set(symbol, local);
      const proof = proofs.get(symbol) ?? new TouchProof();
      proofs.set(symbol, proof);
      if (data.e === 'depthUpdate') {
        updates += 1;
        const step = local.onUpdate(data as DepthUpdate);
        // The moment a snapshot arrived is not in the recording: the first event past it is as good.
        const snapshot = snapshots.find(([name]) => name === symbol)?.[1];
        if (step === 'waiting' && snapshot && data.u > snapshot.lastUpdateId) {
          expect(local.onSnapshot(snapshot), symbol).toBe('applied');
        } else {
          expect(step).not.toBe('gap');
        }
        if (local.inStep) {
          expect(local.book.crossed).toBe(false);
          proof.depth(local);
        }
      } else if (data.B !== undefined && data.A !== undefined) {
        proof.ticker(data as Touch);
      }
    }
    const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0);
    const touches = [...proofs.values()];
    expect({
      symbols: snapshots.length,
      updates,
      applied: sum([...locals.values()].map((local) => local.applied)),
      touches: sum(touches.map((proof) => proof.equal)),
    }).toEqual(wanted);
    expect(sum(touches.map((proof) => proof.compared))).toBe(wanted.touches);
    expect(updates - wanted.applied).toBe(sum([...locals.values()].map((local) => local.discarded)));
  });
});
