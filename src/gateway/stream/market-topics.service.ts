import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Candles } from '../../data/contract/candles.js';
import type { CandleClosed, CandleUpdated, MarketBatch } from '../../data/contract/events.js';
import { Instruments } from '../../data/contract/instruments.js';
import { Market, type Quote, type Trade } from '../../data/contract/quotes.js';
import { Problem } from '../../kernel/errors.js';
import {
  EventBus,
  liveSession,
  type DomainEvent,
  type SourceConnected,
  type Subscription,
} from '../../kernel/events.js';
import { Ids } from '../../kernel/ids.js';
import { Clock } from '../../kernel/time.js';
import type { PredictionMade } from '../../ml/contract/events.js';
import { Predictions } from '../../ml/contract/predictions.js';
import { bookOf, candleOf, foldQuote, predictionOf, tradesOf, type StreamedCandle } from './market-state.js';
import type { MarketTopicName } from './messages.js';
import { StreamCount } from './stream-count.service.js';
import { Topics, type StateRead } from './topics.js';

/** Trades a newcomer is shown. */
const tradesShown = 50;
const subscriber = 'gateway.stream';

/** The market channels somebody listens to, fed by the events of the live market. What a replay plays is never shown. */
@Injectable()
export class MarketTopics implements OnModuleInit, OnModuleDestroy {
  readonly topics: Topics<MarketTopicName>;
  private subscriptions: Subscription[] = [];

  constructor(
    private readonly events: EventBus,
    private readonly market: Market,
    private readonly candles: Candles,
    private readonly predictions: Predictions,
    private readonly clock: Clock,
    instruments: Instruments,
    ids: Ids,
    count: StreamCount,
  ) {
    this.topics = new Topics<MarketTopicName>({
      count,
      later: (ms, act) => void setTimeout(act, ms).unref(),
      nextEpoch: () => ids.next(),
      check: ({ instrument }) => instruments.get({ id: instrument }),
      empty: ({ channel }) => ({ state: channel === 'trades' ? [] : null, timeMs: clock.nowMs() }),
      read: (name) => this.read(name),
    });
  }

  onModuleInit(): void {
    const live =
      <E extends DomainEvent>(handle: (event: E) => void) =>
      (event: E): void => {
        if (event.session === liveSession && this.topics.size > 0) handle(event);
      };
    this.subscriptions = [
      this.events.subscribe<MarketBatch>(
        'data.market-batch',
        subscriber,
        live((e) => this.onBatch(e)),
      ),
      this.events.subscribe<CandleUpdated>(
        'data.candle-updated',
        subscriber,
        live((e) => this.onCandle(e)),
      ),
      this.events.subscribe<CandleClosed>(
        'data.candle-closed',
        subscriber,
        live((e) => this.onCandle(e)),
      ),
      this.events.subscribe<PredictionMade>(
        'ml.prediction-made',
        subscriber,
        live((e) => this.onPrediction(e)),
      ),
      this.events.subscribe<SourceConnected>('events.source-connected', subscriber, () =>
        this.topics.renewAll(),
      ),
    ];
  }

  onModuleDestroy(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private async read(name: MarketTopicName): Promise<StateRead | null> {
    try {
      return { state: await this.stateOf(name), timeMs: this.clock.nowMs() };
    } catch (error) {
      // Nothing there yet, or nobody to ask: what comes first will be the state.
      if (error instanceof Problem) return null;
      throw error;
    }
  }

  private async stateOf({ channel, instrument, timeframe }: MarketTopicName): Promise<unknown> {
    switch (channel) {
      case 'quotes':
        return this.market.quote({ instrument });
      case 'order-book':
        return this.market.orderBook({ instrument });
      case 'trades':
        return (await this.market.trades({ instrument, limit: tradesShown })).items;
      case 'candles':
        return (
          (await this.candles.list({ instrument, timeframe: timeframe!, limit: 1 })).items.at(-1) ?? null
        );
      case 'predictions':
        return (
          (await this.predictions.list({ instrument, timeframe: timeframe!, limit: 1 })).items.at(0) ?? null
        );
    }
  }

  private onBatch(event: MarketBatch): void {
    const { instrument } = event.data;
    const { timeMs } = event;
    const quotes = this.topics.find('quotes', instrument);
    const quote = quotes && foldQuote(quotes.current as Quote | null, event);
    if (quote) quotes.publish({ state: quote, change: quote, timeMs });
    const books = this.topics.find('order-book', instrument);
    const book = books && bookOf(event);
    if (book) books.publish({ state: book, change: book, timeMs });
    const trades = this.topics.find('trades', instrument);
    if (trades && event.data.trades.length > 0) {
      const heard = tradesOf(event);
      const shown = [...((trades.current as Trade[] | null) ?? []), ...heard].slice(-tradesShown);
      trades.publish({ state: shown, change: heard, timeMs, weight: heard.length });
    }
  }

  private onCandle(event: CandleUpdated | CandleClosed): void {
    const { instrument, timeframe } = event.data;
    const topic = this.topics.find('candles', `${instrument}:${timeframe}`);
    if (!topic) return;
    const candle = candleOf(event);
    const last = topic.current as StreamedCandle | null;
    // A late update of a candle that is closed already would open it again.
    if (last && (candle.time < last.time || (candle.time === last.time && last.closed && !candle.closed)))
      return;
    topic.publish({ state: candle, change: candle, timeMs: event.timeMs, final: candle.closed });
  }

  private onPrediction(event: PredictionMade): void {
    const { instrument, timeframe } = event.data;
    const topic = this.topics.find('predictions', `${instrument}:${timeframe}`);
    if (!topic) return;
    const prediction = predictionOf(event);
    topic.publish({ state: prediction, change: prediction, timeMs: event.timeMs, final: true });
  }
}
