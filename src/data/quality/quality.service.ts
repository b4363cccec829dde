import { Injectable } from '@nestjs/common';
import { Metrics } from '../../kernel/metrics.js';
import type { Page } from '../../kernel/page.js';
import { Clock, type Timeframe, timeframeMs, timeframes, toRfc3339 } from '../../kernel/time.js';
import { CandleRepository } from '../candles/candle.repository.js';
import { CandlesService } from '../candles/candles.service.js';
import {
  Freshness,
  Quality,
  SeriesGap,
  type SeriesListQuery,
  SeriesQuality,
  SeriesSummary,
} from '../contract/quality.js';
import { readCursor, writeCursor } from '../cursor.js';
import { dataMetrics } from '../data.metrics.js';
import type { Series } from '../history/history.repository.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { candleTable, endOfTimeMs } from '../partitions/partition-plan.js';
import { Partitions } from '../partitions/partitions.service.js';
import { RepairRepository } from '../repairs/repair.repository.js';
import { QualityRepository } from './quality.repository.js';
import { explained, type Gap, type Inventory, withStretch } from './series-gaps.js';
import { TickFaults } from './tick-faults.service.js';

const defaultLimit = 50;
/** Series looked for to fill one page of the list; a page may end before it is full. */
const looksMax = 600;
/** Series whose inventory is remembered. */
const inventoriesMax = 500;
const gapsTold = 100;
const repairsTold = 20;
const freshMsMin = 30_000;

/**
 * The truth about stored series. A series is counted once, a partition at a time and from its keys alone; after that
 * only what came after is looked at, until somebody changes the past.
 */
@Injectable()
export class QualityService extends Quality {
  private readonly inventories = new Map<string, Inventory>();
  /** Moves with every change of the past, so that what was counted before it is not kept after it. */
  private changes = 0;

  constructor(
    private readonly rows: QualityRepository,
    private readonly repairs: RepairRepository,
    private readonly faults: TickFaults,
    private readonly candleRows: CandleRepository,
    private readonly partitions: Partitions,
    private readonly instruments: InstrumentsService,
    private readonly clock: Clock,
    candles: CandlesService,
    metrics: Metrics,
  ) {
    super();
    dataMetrics(metrics).inventories(() => this.inventories.size);
    candles.watch((instrument, fromMs) => this.forget(instrument, fromMs));
  }

  async series(query: { instrument: string; timeframe: string }): Promise<SeriesQuality> {
    this.instruments.require(query.instrument);
    const series: Series = { instrument: query.instrument, timeframe: query.timeframe as Timeframe };
    const spanMs = timeframeMs(series.timeframe);
    const ends = await this.endsOf(series);
    const inventory = ends && (await this.inventoryOf(series, ends));
    const faults = await this.faults.of(series.instrument);
    const repairs = await this.repairs.newest(series, repairsTold);
    const gaps = (inventory?.gaps ?? []).slice(-gapsTold).toReversed();
    return Object.assign(new SeriesQuality(), this.summaryOf(series, ends), {
      expected: ends ? (ends.lastMs - ends.firstMs) / spanMs + 1 : 0,
      present: inventory?.present ?? 0,
      noTrades: (inventory?.noTradesMs ?? 0) / spanMs,
      noData: (inventory?.noDataMs ?? 0) / spanMs,
      gapCount: inventory?.gapCount ?? 0,
      gaps: gaps.map((gap) => gapOf(gap, spanMs)),
      duplicatesDropped: faults.duplicates,
      lateTrades: faults.late,
      countedSince: faults.since,
      repairs,
    });
  }

  async list(query: SeriesListQuery): Promise<Page<SeriesSummary>> {
    const { limit = defaultLimit } = query;
    if (query.instrument !== undefined) this.instruments.require(query.instrument);
    const cursor = query.cursor === undefined ? null : readCursor('data-quality', query.cursor);
    const known = await this.instruments.list();
    const wanted = timeframes.filter((one) => query.timeframe === undefined || one === query.timeframe);
    const all = known
      .filter(({ id }) => query.instrument === undefined || id === query.instrument)
      .filter(({ id }) => cursor === null || id >= cursor.id)
      .flatMap(({ id }) => wanted.map((timeframe): Series => ({ instrument: id, timeframe })))
      .filter((one) => cursor === null || one.instrument > cursor.id || place(one) > cursor.place);
    const items: SeriesSummary[] = [];
    let last: Series | null = null;
    for (const series of all.slice(0, looksMax)) {
      if (items.length === limit) break;
      last = series;
      const ends = await this.endsOf(series);
      if (ends) items.push(this.summaryOf(series, ends));
    }
    const more = last !== null && all.at(-1) !== last;
    return {
      items,
      nextCursor: more
        ? writeCursor('data-quality', {
            direction: 'newer',
            timeMs: 0,
            place: place(last!),
            id: last!.instrument,
          })
        : null,
    };
  }

  /** Open times of the first and the last candle; null when there is none. */
  private async endsOf(series: Series): Promise<{ firstMs: number; lastMs: number } | null> {
    const [newest] = await this.candleRows.newest({ ...series, toMs: endOfTimeMs, limit: 1 });
    if (!newest) return null;
    const [first] = await this.candleRows.range({ ...series, fromMs: 0, toMs: endOfTimeMs, limit: 1 });
    return { firstMs: (first ?? newest).openTimeMs, lastMs: newest.openTimeMs };
  }

  private async inventoryOf(series: Series, ends: { firstMs: number; lastMs: number }): Promise<Inventory> {
    const spanMs = timeframeMs(series.timeframe);
    const key = `${series.instrument}|${series.timeframe}`;
    const { changes } = this;
    const endMs = ends.lastMs + spanMs;
    const remembered = this.inventories.get(key);
    // Candles at its beginning are gone when their time was over.
    let known =
      remembered && remembered.firstMs === ends.firstMs && remembered.untilMs <= endMs ? remembered : null;
    const table = candleTable(series.timeframe);
    for (const piece of this.partitions.pieces(table, {
      fromMs: known?.untilMs ?? ends.firstMs,
      toMs: endMs,
    })) {
      if (piece.fromMs >= piece.toMs) continue;
      const counted = await this.rows.count(series, piece);
      if (counted === null) continue;
      const untilMs = counted.lastMs + spanMs;
      const startMs = known?.untilMs ?? counted.firstMs;
      const whole = counted.present === (untilMs - startMs) / spanMs;
      const holes = whole ? [] : await this.rows.holes(series, piece);
      // Between the last candle counted before and the first of this piece.
      if (counted.firstMs > startMs) holes.unshift({ fromMs: startMs, toMs: counted.firstMs });
      const quiet = holes.length > 0 ? await this.rows.quiet(series, { fromMs: startMs, toMs: untilMs }) : [];
      const { present, firstMs } = counted;
      known = withStretch(known, { present, firstMs, untilMs, gaps: explained(holes, quiet) });
    }
    if (changes === this.changes) {
      this.inventories.delete(key);
      this.inventories.set(key, known!);
      if (this.inventories.size > inventoriesMax) {
        this.inventories.delete(this.inventories.keys().next().value!);
      }
    }
    return known!;
  }

  private summaryOf(series: Series, ends: { firstMs: number; lastMs: number } | null): SeriesSummary {
    const spanMs = timeframeMs(series.timeframe);
    const limitMs = Math.max(freshMsMin, 2 * spanMs);
    const closedMs = ends && ends.lastMs + spanMs;
    // The simulated market may run ahead of our clock.
    const ageMs = closedMs === null ? null : Math.max(0, Math.round(this.clock.nowMs() - closedMs));
    return Object.assign(new SeriesSummary(), {
      ...series,
      first: ends && toRfc3339(ends.firstMs),
      last: ends && toRfc3339(ends.lastMs),
      freshness: Object.assign(new Freshness(), {
        newest: closedMs === null ? null : toRfc3339(closedMs),
        ageMs,
        limitMs,
        stale: ageMs === null || ageMs > limitMs,
      }),
    });
  }

  /** Candles at or after `fromMs` were changed; of every instrument when none is named. */
  private forget(instrument: string | undefined, fromMs: number): void {
    this.changes += 1;
    for (const [key, { untilMs }] of this.inventories) {
      if (fromMs < untilMs && (instrument === undefined || key.startsWith(`${instrument}|`))) {
        this.inventories.delete(key);
      }
    }
  }
}

function place({ timeframe }: Series): number {
  return timeframes.indexOf(timeframe);
}

function gapOf({ fromMs, toMs, reason }: Gap, spanMs: number): SeriesGap {
  return Object.assign(new SeriesGap(), {
    from: toRfc3339(fromMs),
    to: toRfc3339(toMs),
    bars: (toMs - fromMs) / spanMs,
    reason,
  });
}
