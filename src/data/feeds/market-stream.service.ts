import { Injectable } from '@nestjs/common';
import { EventBus, liveSession } from '../../kernel/events.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock } from '../../kernel/time.js';
import type { BuiltCandle } from '../candles/built-candle.js';
import type { BookLevel, CandleUpdated, MarketBatch } from '../contract/events.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';

/** Trades one batch may carry; while a consumer is slow they gather here, and the oldest go first. */
const tradesPerBatchMax = 2_000;

type Quote = NonNullable<MarketBatch['data']['quote']>;
type StreamTrade = MarketBatch['data']['trades'][number];

interface Stream {
  quote: Quote | null;
  book: { bids: BookLevel[]; asks: BookLevel[] } | null;
  trades: StreamTrade[];
  timeMs: number;
  /** A batch is with the consumers; the next one waits for it. */
  busy: boolean;
  updatedMonotonicMs: number;
}

export interface MarketNews {
  readonly instrument: string;
  readonly quote: Quote | null;
  readonly book: { bids: BookLevel[]; asks: BookLevel[] } | null;
  readonly trades: readonly StreamTrade[];
  readonly timeMs: number;
}

/**
 * Passes on what the live market does, one batch of an instrument at a time: while consumers are busy with one, quotes
 * are conflated and trades gather within bounds, so that a slow consumer costs freshness and never memory.
 */
@Injectable()
export class MarketStream {
  private readonly streams = new Map<string, Stream>();
  private readonly metrics: DataMetrics;

  constructor(
    private readonly bus: EventBus,
    private readonly clock: Clock,
    private readonly config: DataConfig,
    metrics: Metrics,
  ) {
    this.metrics = dataMetrics(metrics);
  }

  pass(news: MarketNews): void {
    const stream = this.streamOf(news.instrument);
    if (news.quote) stream.quote = news.quote;
    if (news.book) stream.book = news.book;
    for (const trade of news.trades) stream.trades.push(trade);
    const tooMany = stream.trades.length - tradesPerBatchMax;
    if (tooMany > 0) {
      stream.trades.splice(0, tooMany);
      this.metrics.ticksDropped.inc({ what: 'streamed_trades' }, tooMany);
    }
    stream.timeMs = Math.max(stream.timeMs, news.timeMs);
    if (!stream.busy) this.send(news.instrument, stream);
  }

  /** Tells charts how the open candles stand, if the last time is long enough ago. `candles` is asked for only then. */
  update(instrument: string, timeMs: number, candles: () => readonly BuiltCandle[]): void {
    const stream = this.streamOf(instrument);
    const nowMs = this.clock.monotonicMs();
    if (nowMs - stream.updatedMonotonicMs < this.config.candleUpdateMs) return;
    stream.updatedMonotonicMs = nowMs;
    for (const { timeframe, openTimeMs, open, high, low, close, volume } of candles()) {
      const event: CandleUpdated = {
        type: 'data.candle-updated',
        key: `${liveSession}:${instrument}:${timeframe}`,
        timeMs,
        session: liveSession,
        data: { instrument, timeframe, openTimeMs, open, high, low, close, volume },
      };
      void this.bus.publish(event);
    }
  }

  private send(instrument: string, stream: Stream): void {
    const { quote, book, trades, timeMs } = stream;
    if (!quote && !book && trades.length === 0) return;
    const event: MarketBatch = {
      type: 'data.market-batch',
      key: `${liveSession}:${instrument}`,
      timeMs,
      session: liveSession,
      data: { instrument, ...(quote ? { quote } : {}), ...(book ? { book } : {}), trades },
    };
    stream.quote = null;
    stream.book = null;
    stream.trades = [];
    stream.busy = true;
    void this.bus.publish(event).finally(() => {
      stream.busy = false;
    });
  }

  private streamOf(instrument: string): Stream {
    let stream = this.streams.get(instrument);
    if (!stream) {
      stream = {
        quote: null,
        book: null,
        trades: [],
        timeMs: 0,
        busy: false,
        updatedMonotonicMs: Number.NEGATIVE_INFINITY,
      };
      this.streams.set(instrument, stream);
    }
    return stream;
  }
}
