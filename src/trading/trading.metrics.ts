import { Injectable } from '@nestjs/common';
import { type Counter, type Histogram, Metrics } from '../kernel/metrics.js';
import type { CommandKind } from './desk/commands.js';
import type { Journal } from './desk/journal.js';
import type { DeskWatch } from './desk/partition.js';

/** What is read when Prometheus asks. */
export interface DeskGauges {
  queueLength(): number;
  openOrders(): number;
  accounts(): number;
  recentOrders(): number;
}

/** The families of the trading desk. */
@Injectable()
export class TradingMetrics implements DeskWatch {
  private readonly orders: Counter<'outcome'>;
  private readonly commands: Counter<'kind' | 'outcome'>;
  private readonly denials: Counter<'code'>;
  private readonly fills: Counter<'liquidity'>;
  private readonly ack: Histogram;
  private readonly batch: Histogram;
  private readonly commit: Histogram;
  private readonly events: Counter<'type'>;
  private readonly entries: Counter<'kind'>;
  private readonly reloads: Counter<'cause'>;
  private readonly overloads: Counter;
  private readonly imbalances: Counter;
  private readonly riskNews: Counter<'news' | 'limit'>;
  private readonly lapses: Counter;
  private readonly liquidations: Counter;

  constructor(private readonly metrics: Metrics) {
    this.orders = metrics.counter({
      name: 'trading_orders_total',
      help: 'Orders stored, by what became of them at once; a denial is stored too.',
      labels: ['outcome'],
    });
    this.commands = metrics.counter({
      name: 'trading_commands_total',
      help: 'Commands the desk answered; among them place, whose refused, failed and replayed orders stored nothing.',
      labels: ['kind', 'outcome'],
    });
    this.denials = metrics.counter({
      name: 'trading_denials_total',
      help: 'Orders the risk gate denied, by code.',
      labels: ['code'],
    });
    this.fills = metrics.counter({
      name: 'trading_fills_total',
      help: 'Fills booked.',
      labels: ['liquidity'],
    });
    this.ack = metrics.histogram({
      name: 'trading_order_ack_seconds',
      help: 'Time from taking an order to answering that it is stored.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    });
    this.batch = metrics.histogram({
      name: 'trading_batch_commands',
      help: 'Commands written together in one transaction.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    });
    this.commit = metrics.histogram({
      name: 'trading_commit_seconds',
      help: 'Time one transaction of the desk took.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    });
    this.events = metrics.counter({
      name: 'trading_account_events_total',
      help: 'Entries appended to account logs.',
      labels: ['type'],
    });
    this.entries = metrics.counter({
      name: 'trading_ledger_entries_total',
      help: 'Ledger entries written.',
      labels: ['kind'],
    });
    this.reloads = metrics.counter({
      name: 'trading_desk_reloads_total',
      help: 'Times a writer read its accounts from the database, by cause.',
      labels: ['cause'],
    });
    this.overloads = metrics.counter({
      name: 'trading_overloads_total',
      help: 'Orders refused because too many commands waited.',
    });
    this.riskNews = metrics.counter({
      name: 'trading_risk_news_total',
      help: 'Limits on losses, and maintenance margin, that warned (four fifths reached) or were reached.',
      labels: ['news', 'limit'],
    });
    this.lapses = metrics.counter({
      name: 'trading_dead_man_lapses_total',
      help: "Dead man's switches that lapsed and cancelled the orders of their account.",
    });
    this.liquidations = metrics.counter({
      name: 'trading_liquidations_total',
      help: 'Liquidations of margin accounts that fell below their maintenance margin.',
    });
    this.imbalances = metrics.counter({
      name: 'trading_ledger_imbalances_total',
      help: 'Ledger sums or stored balances that did not agree; anything above 0 is worth a page.',
    });
  }

  observe(gauges: DeskGauges): void {
    const { metrics } = this;
    metrics.observed({ name: 'trading_queue_length', help: 'Commands waiting at the desk.' }, () =>
      gauges.queueLength(),
    );
    metrics.observed({ name: 'trading_open_orders', help: 'Open orders of all accounts.' }, () =>
      gauges.openOrders(),
    );
    metrics.observed({ name: 'trading_accounts', help: 'Accounts in memory.' }, () => gauges.accounts());
    metrics.observed({ name: 'trading_recent_orders', help: 'Orders kept for quick look-up.' }, () =>
      gauges.recentOrders(),
    );
  }

  committed({ commands, seconds, journal }: { commands: number; seconds: number; journal: Journal }): void {
    this.batch.observe(commands);
    this.commit.observe(seconds);
    for (const [type, count] of countBy(journal.events, (event) => event.type)) {
      this.events.inc({ type }, count);
    }
    for (const [kind, count] of countBy(journal.ledger, (entry) => entry.kind)) {
      this.entries.inc({ kind }, count);
    }
    for (const { type, data } of journal.events) {
      if (type === 'risk-limit-warning' || type === 'risk-limit-breached') {
        const { limit } = data as { limit: string };
        this.riskNews.inc({ news: type === 'risk-limit-warning' ? 'warning' : 'breach', limit });
      } else if (type === 'dead-man-switch-lapsed') {
        this.lapses.inc();
      } else if (type === 'liquidation-started') {
        this.liquidations.inc();
      }
    }
    for (const { fill } of journal.fills) this.fills.inc({ liquidity: fill.liquidity });
    for (const order of journal.newOrders) {
      // However it came: alone, in a batch, in a list, or to leave a position.
      this.orders.inc({ outcome: order.status });
      if (order.denial !== null) this.denials.inc({ code: order.denial.code });
    }
  }

  answered({ kind, outcome, seconds }: { kind: CommandKind; outcome: string; seconds: number }): void {
    if (kind === 'market' || kind === 'clock') return;
    if (kind !== 'place' && kind !== 'close-position') {
      this.commands.inc({ kind, outcome });
      return;
    }
    this.ack.observe(seconds);
    const stored = outcome !== 'refused' && outcome !== 'failed' && outcome !== 'replayed';
    this.commands.inc({ kind, outcome: stored ? 'done' : outcome });
  }

  /** As of one account, of all together. */
  riskNewsOfAll(news: 'warning' | 'breach', limit: 'dailyLoss' | 'maxDrawdown'): void {
    this.riskNews.inc({ news, limit: limit === 'dailyLoss' ? 'globalDailyLoss' : 'globalMaxDrawdown' });
  }

  reloaded(cause: 'start' | 'commit-failed' | 'fault'): void {
    this.reloads.inc({ cause });
  }

  refused(): void {
    this.overloads.inc();
  }

  /** A verification found that money was made or lost. */
  imbalance(): void {
    this.imbalances.inc();
  }
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1);
  return counts;
}
