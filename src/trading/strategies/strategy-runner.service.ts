import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { ReplayEnded, ReplayStarted } from '../../data/contract/events.js';
import { Decimal } from '../../kernel/decimal.js';
import { Problem } from '../../kernel/errors.js';
import { type DomainEvent, EventBus, liveSession, type Subscription } from '../../kernel/events.js';
import { Log } from '../../kernel/log.js';
import { timeframeMs } from '../../kernel/time.js';
import type { PredictionMade } from '../../ml/contract/events.js';
import { type RunningStrategy, StrategyBook } from './strategy-book.js';
import { StrategyHands } from './strategy-hands.service.js';
import { StrategiesMetrics } from './strategies.metrics.js';
import { StrategyRepository } from './strategy.repository.js';
import type { StrategyEntity } from './strategy.entity.js';
import { decide, type Entry, thresholdOf } from './threshold.js';

/** Strategies that decide at the same time; they belong to different accounts, so their order means nothing. */
const togetherMax = 256;

/**
 * Hands every prediction to the strategies that listen to it and their decisions to the desk. A handler ends when
 * everything it caused is stored, so that a replay's clock waits for it. Nothing is ever thrown at the publisher.
 */
@Injectable()
export class StrategyRunner implements OnModuleInit, OnModuleDestroy {
  private readonly subscriptions: Subscription[] = [];
  private readonly acting = new Map<string, Promise<void>>();
  private readonly log: Log;

  constructor(
    private readonly book: StrategyBook,
    private readonly stored: StrategyRepository,
    private readonly hands: StrategyHands,
    private readonly events: EventBus,
    private readonly metrics: StrategiesMetrics,
    log: Log,
  ) {
    this.log = log.of('trading.strategies');
    metrics.observe(() => book.size);
  }

  async onModuleInit(): Promise<void> {
    for (const row of await this.stored.started()) this.book.start(runningOf(row), row.memory);
    const listen = <E extends DomainEvent>(
      type: E['type'],
      hear: (event: E) => Promise<void> | void,
    ): void => {
      this.subscriptions.push(this.events.subscribe<E>(type, 'trading.strategies', hear));
    };
    listen<PredictionMade>('ml.prediction-made', (event) => this.predicted(event));
    listen<ReplayStarted>('data.replay-started', (event) => this.replayStarted(event));
    listen<ReplayEnded>('data.replay-ended', ({ data }) => this.book.endReplay(data.replayId));
  }

  onModuleDestroy(): void {
    for (const subscription of this.subscriptions.splice(0)) subscription.unsubscribe();
  }

  start(row: StrategyEntity): void {
    this.book.start(runningOf(row), row.memory);
  }

  /** When this resolves the strategy sends nothing more, not even what it was deciding. */
  async stop(id: string): Promise<void> {
    this.book.stop(id);
    await this.acting.get(id);
  }

  private async replayStarted({ data }: ReplayStarted): Promise<void> {
    const { replayId, accounts, strategies } = data;
    if (strategies === null) {
      this.book.beginReplay(replayId, accounts, null);
      return;
    }
    const named = (await this.stored.among(strategies, accounts)).map(runningOf);
    // Two strategies on one position would undo each other; live the database forbids it.
    const first = new Map(named.toReversed().map((one) => [`${one.accountId} ${one.instrument}`, one]));
    const runs = named.filter((one) => first.get(`${one.accountId} ${one.instrument}`) === one);
    for (const { id, accountId, instrument } of named.filter((one) => !runs.includes(one))) {
      this.log.warn(
        { strategyId: id, accountId, instrument, replayId },
        'another strategy of the replay trades this instrument already; this one stays out',
      );
    }
    this.book.beginReplay(replayId, accounts, runs);
  }

  private async predicted(event: PredictionMade): Promise<void> {
    const { instrument, timeframe, model } = event.data;
    const heard = this.book.listening({ session: event.session, instrument, timeframe, model });
    for (let from = 0; from < heard.length; from += togetherMax) {
      await Promise.all(heard.slice(from, from + togetherMax).map((one) => this.tracked(one, event)));
    }
  }

  private tracked(strategy: RunningStrategy, event: PredictionMade): Promise<void> {
    const act = this.act(strategy, event)
      .catch((error: unknown) => {
        this.metrics.decisions.inc({ decision: 'failed' });
        this.log.error({ strategyId: strategy.id, error }, 'a strategy could not act on a prediction');
      })
      .finally(() => {
        if (this.acting.get(strategy.id) === act) this.acting.delete(strategy.id);
      });
    this.acting.set(strategy.id, act);
    return act;
  }

  private async act(strategy: RunningStrategy, { session, data }: PredictionMade): Promise<void> {
    const { id } = strategy;
    const situation = await this.hands.situation(strategy, session);
    if (situation === 'elsewhere' || !this.book.runs(id, session)) return;
    if (situation === 'unpriced') {
      this.metrics.decisions.inc({ decision: 'unpriced' });
      return;
    }
    const opinion = { ...data, close: Decimal.of(data.close), barMs: timeframeMs(data.timeframe) };
    const { intent, entry } = decide(strategy.threshold, opinion, situation, this.book.recall(session, id));
    if (intent === null) {
      this.metrics.decisions.inc({ decision: entry === null ? 'wait' : 'hold' });
      return this.remember(session, id, entry);
    }
    this.metrics.decisions.inc({ decision: intent.because });
    this.log.debug(
      { strategyId: id, session, because: intent.because, quantity: intent.quantity.toString() },
      'a strategy decided',
    );
    try {
      const order = await this.hands.submit(strategy, intent, { session, candleTimeMs: data.candleTimeMs });
      this.metrics.orders.inc({ outcome: order.status });
      const filled = order.filledQuantity !== '0';
      const open = intent.reduceOnly ? order.status !== 'filled' : filled;
      await this.remember(session, id, open ? entry : null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.metrics.orders.inc({ outcome: error.code });
      this.log.info(
        { strategyId: id, session, code: error.code, detail: error.content.detail },
        'an order of a strategy was refused',
      );
      await this.remember(session, id, intent.reduceOnly ? entry : null);
    }
  }

  /** Only live memory outlives the process; a replay's is gone when it ends. */
  private async remember(session: string, id: string, entry: Entry | null): Promise<void> {
    const news = this.book.remember(session, id, entry);
    if (news && session === liveSession) await this.stored.remember(id, entry);
  }
}

export function runningOf(row: StrategyEntity): RunningStrategy {
  const { id, accountId, instrument, timeframe, model, parameters } = row;
  return { id, accountId, instrument, timeframe, model, threshold: thresholdOf(parameters) };
}
