import { Injectable } from '@nestjs/common';
import { Metrics } from '../../kernel/metrics.js';
import { timeframeMs } from '../../kernel/time.js';
import type { Sql } from '../../platform/database/database.service.js';
import type { CandleSource } from '../candles/built-candle.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { DeriveCandles } from '../imports/derive-candles.repository.js';
import { candleTable } from '../partitions/partition-plan.js';
import { Partitions } from '../partitions/partitions.service.js';
import type { VenueCandle } from '../venues/venue.js';
import { HistoryRepository, type Series } from './history.repository.js';
import { compareCandles, type Difference, quietSpans, type Span, type StoredBar } from './venue-page.js';

/** Times a page is held against storage again because a live candle came between. */
const attemptsMax = 5;

/** What became of the candles of one page. */
export interface Written {
  readonly inserted: readonly VenueCandle[];
  readonly same: number;
  readonly replaced: readonly Difference[];
  readonly kept: readonly Difference[];
  readonly quiet: readonly Span[];
  /** Larger candles made of them, by timeframe. */
  readonly derived: Readonly<Record<string, number>>;
}

export interface WritePage {
  readonly series: Series;
  readonly candles: readonly VenueCandle[];
  /** The venue's candle before the first of these, where known: what lies between is quiet. */
  readonly lastMs: number | null;
  /** Whether the venue's candle takes the place of a stored one that differs. */
  replaces(stored: StoredBar): boolean;
  /** Whose word is stored: of a backfill or of a repair. */
  readonly source: 'backfill' | 'repair';
  /** Sources of larger candles that are made anew; default those derived before. */
  readonly remade?: readonly CandleSource[];
}

/**
 * Writes what a venue told of the past beside what is stored: what is missing goes in, what differs is told and stays
 * unless the caller says otherwise, what lies between two candles of the venue is known to be quiet, and larger
 * candles are made. All in the caller's transaction.
 */
@Injectable()
export class HistoryWriter {
  private readonly metrics: DataMetrics;

  constructor(
    private readonly rows: HistoryRepository,
    private readonly deriving: DeriveCandles,
    private readonly partitions: Partitions,
    metrics: Metrics,
  ) {
    this.metrics = dataMetrics(metrics);
  }

  async write(tx: Sql, page: WritePage): Promise<Written> {
    const { series, candles, lastMs } = page;
    const quiet = quietSpans(candles, lastMs, series.timeframe);
    const first = candles.at(0);
    const last = candles.at(-1);
    if (!first || !last) return { inserted: [], same: 0, replaced: [], kept: [], quiet, derived: {} };
    await this.partitions.makeRoomToStay(
      tx,
      candleTable(series.timeframe),
      candles.map(({ openTimeMs }) => openTimeMs),
    );
    const span = { fromMs: first.openTimeMs, toMs: last.openTimeMs + timeframeMs(series.timeframe) };
    const inserted: VenueCandle[] = [];
    for (let attempt = 1; ; attempt += 1) {
      const { fresh, same, different } = compareCandles(candles, await this.rows.stored(tx, series, span));
      const written = await this.rows.insert(tx, series, fresh, page.source);
      inserted.push(...fresh);
      if (written < fresh.length) {
        // The live market stored one of them meanwhile: hold the page against it too.
        if (attempt === attemptsMax)
          throw new Error('stored candles change faster than they can be compared');
        inserted.splice(0);
        continue;
      }
      const replaced = different.filter(({ stored }) => page.replaces(stored));
      const kept = different.filter(({ stored }) => !page.replaces(stored));
      await this.rows.replace(
        tx,
        series,
        replaced.map(({ venue }) => venue),
        page.source,
      );
      await this.rows.quiet(tx, series, quiet);
      const derived = await this.derive(
        tx,
        page,
        [...inserted, ...replaced.map(({ venue }) => venue)],
        quiet,
      );
      return { inserted, same, replaced, kept, quiet, derived };
    }
  }

  /** Counts what was written; after the commit. */
  count({ timeframe }: Series, written: Written, source: WritePage['source']): void {
    const outcomes = {
      inserted: written.inserted.length,
      unchanged: written.same,
      replaced: written.replaced.length,
      kept: written.kept.length,
    };
    for (const [outcome, candles] of Object.entries(outcomes)) {
      if (candles > 0) this.metrics.venueCandles.inc({ outcome }, candles);
    }
    const stored = outcomes.inserted + outcomes.replaced;
    if (stored > 0) this.metrics.candlesStored.inc({ timeframe, source }, stored);
    for (const [larger, candles] of Object.entries(written.derived)) {
      if (candles > 0) this.metrics.candlesStored.inc({ timeframe: larger, source: 'derived' }, candles);
    }
  }

  private async derive(
    tx: Sql,
    { series, remade }: WritePage,
    changed: readonly VenueCandle[],
    quiet: readonly Span[],
  ): Promise<Record<string, number>> {
    const times = [
      ...changed.map(({ openTimeMs }) => openTimeMs),
      ...quiet.flatMap(({ fromMs, toMs }) => [fromMs, toMs - 1]),
    ];
    if (times.length === 0) return {};
    const fromMs = times.reduce((least, one) => Math.min(least, one), Infinity);
    const toMs = times.reduce((most, one) => Math.max(most, one), 0);
    return this.deriving.derive(
      tx,
      { ...series, fromMs, toMs, ...(remade ? { remade } : {}) },
      () => undefined,
    );
  }
}
