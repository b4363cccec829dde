import { Injectable } from '@nestjs/common';
import { type Counter, Metrics } from '../../kernel/metrics.js';

/** The families of the strategies; labels are words of the code. */
@Injectable()
export class StrategiesMetrics {
  /** `enter-long`, `enter-short`, `stop`, `target`, `time`, `opinion`; `hold` a position, `wait` flat, `unpriced`, `failed`. */
  readonly decisions: Counter<'decision'>;
  /** What became of their orders: a status, or the code of a denial. */
  readonly orders: Counter<'outcome'>;

  constructor(private readonly metrics: Metrics) {
    this.decisions = metrics.counter({
      name: 'trading_strategy_decisions_total',
      help: 'Predictions strategies acted on, by decision.',
      labels: ['decision'],
    });
    this.orders = metrics.counter({
      name: 'trading_strategy_orders_total',
      help: 'Orders of strategies, by status or by the code they were refused with.',
      labels: ['outcome'],
    });
  }

  observe(started: () => number): void {
    this.metrics.observed(
      { name: 'trading_strategies_started', help: 'Strategies started in this process.' },
      started,
    );
  }
}
