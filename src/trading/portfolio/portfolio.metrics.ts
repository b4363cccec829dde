import { Injectable } from '@nestjs/common';
import { type Counter, type Histogram, Metrics } from '../../kernel/metrics.js';

/** The families of the portfolio. */
@Injectable()
export class PortfolioMetrics {
  readonly points: Counter;
  readonly dropped: Counter;
  readonly verifications: Counter<'outcome'>;
  readonly verifySeconds: Histogram;

  constructor(private readonly metrics: Metrics) {
    this.points = metrics.counter({
      name: 'trading_equity_points_total',
      help: 'Points of equity curves written.',
    });
    this.dropped = metrics.counter({
      name: 'trading_equity_points_dropped_total',
      help: 'Points given up because too many waited for the database.',
    });
    this.verifications = metrics.counter({
      name: 'trading_ledger_verifications_total',
      help: 'Ledger verifications, by outcome: ok or different.',
      labels: ['outcome'],
    });
    this.verifySeconds = metrics.histogram({
      name: 'trading_ledger_verify_seconds',
      help: 'Time one verification of a ledger took.',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    });
  }

  observe(gauges: { waiting: () => number; tracks: () => number }): void {
    this.metrics.observed(
      { name: 'trading_equity_points_waiting', help: 'Points of equity curves not yet written.' },
      gauges.waiting,
    );
    this.metrics.observed(
      { name: 'trading_equity_tracks', help: 'Accounts whose equity curve is at hand in memory.' },
      gauges.tracks,
    );
  }
}
