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
import type { MarketChannel, TopicName } from './messages.js';
import { Topic } from './topic.js';

/** Trades a newcomer is shown. */
const tradesShown = 50;
const subscriber = 'gateway.stream';
/** Readings of a state that updates overtook; past it the updates themselves are new enough. */
const renewalsMax = 5;

interface Held {
  readonly topic: Topic;
  readonly ready: Promise<void>;
  /** Who wait for it to be ready. */
  takers: number;
}

/** The market channels somebody listens to, fed by the events of the live market. What a replay plays is never shown. */
@Injectable()
export class MarketTopics implements OnModuleInit, OnModuleDestroy {
  private readonly topics = new Map<string, Held>();
  private subscriptions: Subscription[] = [];

  constructor(
    private readonly events: EventBus,
    private readonly instruments: Instruments,
    private readonly market: Market,
    private readonly candles: Candles,
    private readonly predictions: Predictions,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

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
      this.events.subscribe<SourceConnected>('events.source-connected', subscriber, async () => {
        await Promise.all([...this.topics.values()].map(({ topic }) => this.renew(topic)));
      }),
    ];
  }

  onModuleDestroy(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  get size(): number {
    return this.topics.size;
  }

  /** Calls `use` with the topic once its state is known; without a listener afterwards it is forgotten. Throws DATA_UNKNOWN_INSTRUMENT. */
  async take(name: TopicName, use: (topic: Topic) => void): Promise<void> {
    const key = keyOf(name.channel, name.key);
    let held = this.topics.get(key);
    if (!held) {
      const topic = new Topic(name, this.ids.next());
      held = { topic, ready: this.load(topic), takers: 0 };
      this.topics.set(key, held);
    }
    held.takers += 1;
    try {
      await held.ready;
      use(held.topic);
    } finally {
      held.takers -= 1;
      this.release(held.topic);
    }
  }

  /** Forgets the topic when nobody listens to it, or is about to. */
  release(topic: Topic): void {
    const key = keyOf(topic.name.channel, topic.name.key);
    const held = this.topics.get(key);
    if (held?.topic === topic && held.takers === 0 && topic.listeners.size === 0) this.topics.delete(key);
  }

  private async load(topic: Topic): Promise<void> {
    const { instrument } = topic.name;
    await this.instruments.get({ id: instrument });
    let state: unknown = topic.name.channel === 'trades' ? [] : null;
    try {
      state = await this.stateOf(topic.name);
    } catch (error) {
      // There is nothing yet; what comes first will be the state.
      if (!(error instanceof Problem)) throw error;
    }
    topic.begin(state, this.clock.nowMs());
  }

  /** Shows listeners the state as it is, since updates may have been missed. */
  private async renew(topic: Topic): Promise<void> {
    for (let tries = 0; tries < renewalsMax; tries += 1) {
      const seq = topic.newestSeq;
      try {
        const state = await this.stateOf(topic.name);
        if (topic.newestSeq !== seq) continue;
        topic.renew({ state, timeMs: this.clock.nowMs() });
        return;
      } catch (error) {
        // Nothing there, or nobody to ask: the next update will say more.
        if (error instanceof Problem) return;
        throw error;
      }
    }
    topic.renew(null);
  }

  private async stateOf({ channel, instrument, timeframe }: TopicName): Promise<unknown> {
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
    const quotes = this.find('quotes', instrument);
    if (quotes) {
      const quote = foldQuote(quotes.current as Quote | null, event);
      if (quote) quotes.publish(quote, quote, event.timeMs);
    }
    const book = bookOf(event);
    if (book) this.find('order-book', instrument)?.publish(book, book, event.timeMs);
    const trades = this.find('trades', instrument);
    if (trades && event.data.trades.length > 0) {
      const heard = tradesOf(event);
      const shown = [...((trades.current as Trade[] | null) ?? []), ...heard].slice(-tradesShown);
      trades.publish(shown, heard, event.timeMs, heard.length);
    }
  }

  private onCandle(event: CandleUpdated | CandleClosed): void {
    const { instrument, timeframe } = event.data;
    const topic = this.find('candles', `${instrument}:${timeframe}`);
    if (!topic) return;
    const candle = candleOf(event);
    const last = topic.current as StreamedCandle | null;
    // A late update of a candle that is closed already would open it again.
    if (last && (candle.time < last.time || (candle.time === last.time && last.closed && !candle.closed)))
      return;
    topic.publish(candle, candle, event.timeMs);
  }

  private onPrediction(event: PredictionMade): void {
    const { instrument, timeframe } = event.data;
    const topic = this.find('predictions', `${instrument}:${timeframe}`);
    if (!topic) return;
    const prediction = predictionOf(event);
    topic.publish(prediction, prediction, event.timeMs);
  }

  private find(channel: MarketChannel, key: string): Topic | undefined {
    return this.topics.get(keyOf(channel, key))?.topic;
  }
}

function keyOf(channel: MarketChannel, key: string): string {
  return `${channel} ${key}`;
}
