import { Injectable } from '@nestjs/common';
import { normalDecimal } from '../../kernel/decimal-text.js';
import { Metrics } from '../../kernel/metrics.js';
import { minuteMs } from '../../kernel/time.js';
import type { OwnedCandle } from '../candles/candle.repository.js';
import { LiveCandles } from '../candles/live-candles.service.js';
import type { BookLevel } from '../contract/events.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { MarketService } from '../market/market.service.js';
import type { StoredTrade } from '../market/stored-trade.js';
import { MarketOutbox } from './market-outbox.service.js';
import { MarketStream } from './market-stream.service.js';
import { TickFaults } from '../quality/tick-faults.service.js';
import { SeenIds } from './seen-ids.js';
import { Suspicions } from './suspicions.js';
import { faultOf, type Refusal, type Tick, type TradeTick } from './tick.js';

/** Trade ids remembered per instrument: minutes of the busiest market there is. */
const seenIdsMax = 10_000;

interface Gathered {
  trades: TradeTick[];
  quote: { bid: string; bidSize: string; ask: string; askSize: string } | null;
  book: { bids: BookLevel[]; asks: BookLevel[] } | null;
  timeMs: number;
  watermarkMs: number;
}

/**
 * Takes a batch of ticks in: refuses what cannot be believed, drops what was seen before, puts trades in order, shows
 * the market, passes the batch on, folds trades into candles and hands trades and closed candles to the outbox.
 * Runs without waiting for anybody, so that quotes stay fresh while storage is slow.
 */
@Injectable()
export class Ingest {
  private readonly seen = new Map<string, SeenIds>();
  private readonly metrics: DataMetrics;

  constructor(
    private readonly instruments: InstrumentsService,
    private readonly market: MarketService,
    private readonly stream: MarketStream,
    private readonly candles: LiveCandles,
    private readonly outbox: MarketOutbox,
    private readonly faults: TickFaults,
    private readonly suspicions: Suspicions,
    private readonly config: DataConfig,
    metrics: Metrics,
  ) {
    this.metrics = dataMetrics(metrics);
  }

  /** A feed of `instrument` starts over at `fromMs`: nothing was seen of it, and its candles begin there. */
  async begin(instrument: string, fromMs: number): Promise<void> {
    this.seen.delete(instrument);
    await this.candles.begin(instrument, fromMs);
  }

  /** Those of `ticks` that can be believed at `nowMs`, the feed's clock; of each other one the reason is told. */
  believed(
    feed: { id: string; nowMs: number },
    ticks: readonly Tick[],
    refused: (reason: Refusal) => void,
  ): Tick[] {
    const judgement = {
      nowMs: feed.nowMs,
      futureMsMax: this.config.tickFutureMsMax,
      ageMsMax: this.config.tickAgeMsMax,
    };
    return ticks.filter((tick) => {
      let fault: Refusal | null = this.instruments.has(tick.instrument)
        ? faultOf(tick, judgement)
        : 'unknown_instrument';
      if (fault === null && tick.kind === 'trade' && !this.seenOf(tick.instrument).add(tick.id))
        fault = 'duplicate';
      if (fault === 'duplicate') this.faults.add(tick.instrument, 'duplicates');
      if (fault !== null) refused(fault);
      return fault === null;
    });
  }

  /** Takes believed ticks in; answers how many trades came too late for their candle. */
  take(feed: { id: string; nowMs: number; origin: 'feed' | 'simulated' }, ticks: readonly Tick[]): number {
    const gathered = new Map<string, Gathered>();
    let taken = 0;
    let late = 0;
    for (const tick of ticks) {
      if (tick.kind === 'gap') {
        // What came before the gap closes its candles before the gap passes over them.
        const before = gathered.get(tick.instrument);
        if (before) late += this.settle(feed, new Map([[tick.instrument, before]]));
        gathered.delete(tick.instrument);
        this.candles.passOver(tick.instrument, tick.timeMs);
        this.suspicions.passedOver(tick.instrument);
        continue;
      }
      gather(gathered, tick);
      if (tick.kind !== 'watermark') taken += 1;
    }
    late += this.settle(feed, gathered);
    if (taken > 0) this.metrics.ticks.inc({ feed: feed.id, outcome: 'accepted' }, taken - late);
    return late;
  }

  /** Everything after judging; answers how many trades came too late for their candle. */
  private settle(
    feed: { nowMs: number; origin: 'feed' | 'simulated' },
    gathered: ReadonlyMap<string, Gathered>,
  ): number {
    let late = 0;
    for (const [instrument, { trades, quote, book, timeMs, watermarkMs }] of gathered) {
      // Stable: trades of one millisecond keep the order they came in.
      trades.sort((a, b) => a.timeMs - b.timeMs);
      let place = 0;
      const stored = trades.map((trade, n) => {
        place = n > 0 && trades[n - 1].timeMs === trade.timeMs ? place + 1 : 0;
        return storedTrade(trade, place);
      });
      const last = stored.at(-1)?.price;
      if (quote || book || last !== undefined) {
        this.market.observe({
          instrument,
          ...(quote ? { quote } : {}),
          ...(book ? { book } : {}),
          ...(last === undefined ? {} : { last }),
          timeMs,
          feedNowMs: feed.nowMs,
        });
        const news = stored.map(({ id, price, quantity, side, timeMs }) => ({
          id,
          price,
          quantity,
          side,
          timeMs,
        }));
        this.stream.pass({ instrument, quote, book, trades: news, timeMs });
      }
      const closed: OwnedCandle[] = [];
      for (const trade of trades) {
        if (this.candles.fold(trade)) continue;
        late += 1;
        this.faults.add(instrument, 'late');
        this.suspicions.lateTrade(instrument, Math.floor(trade.timeMs / minuteMs) * minuteMs);
      }
      if (watermarkMs > 0) {
        for (const candle of this.candles.closeUntil(instrument, watermarkMs))
          closed.push({ ...candle, instrument });
      }
      if (trades.length > 0) this.stream.update(instrument, timeMs, () => this.candles.open(instrument));
      this.outbox.put(stored, closed, feed.origin);
    }
    return late;
  }

  private seenOf(instrument: string): SeenIds {
    let seen = this.seen.get(instrument);
    if (!seen) this.seen.set(instrument, (seen = new SeenIds(seenIdsMax)));
    return seen;
  }
}

function gather(into: Map<string, Gathered>, tick: Exclude<Tick, { kind: 'gap' }>): void {
  let one = into.get(tick.instrument);
  if (!one) {
    into.set(tick.instrument, (one = { trades: [], quote: null, book: null, timeMs: 0, watermarkMs: 0 }));
  }
  if (tick.kind === 'watermark') {
    one.watermarkMs = Math.max(one.watermarkMs, tick.timeMs);
    return;
  }
  one.timeMs = Math.max(one.timeMs, tick.timeMs);
  if (tick.kind === 'trade') one.trades.push(tick);
  else if (tick.kind === 'book') one.book = { bids: tick.bids, asks: tick.asks };
  else {
    const { bid, bidSize, ask, askSize } = tick;
    one.quote = { bid, bidSize, ask, askSize };
  }
}

/** Numbers in their normal text: `61737.63000000` and `61737.63` are one price. */
function storedTrade(trade: TradeTick, place: number): StoredTrade {
  const { instrument, id, side, timeMs } = trade;
  return {
    instrument,
    id,
    timeMs,
    place,
    price: normalDecimal(trade.price),
    quantity: normalDecimal(trade.quantity),
    side,
  };
}
