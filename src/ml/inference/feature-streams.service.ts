import { Injectable } from '@nestjs/common';
import { liveSession } from '../../kernel/events.js';
import { Clock, timeframeMs, toRfc3339, type Timeframe } from '../../kernel/time.js';
import { Metrics } from '../../kernel/metrics.js';
import { Candles, candleLimitMax, type Candle } from '../../data/contract/candles.js';
import type { CandleClosed } from '../../data/contract/events.js';
import type { FeatureCandle } from '../features/candle.js';
import type { FeatureSet, FeatureStream } from '../features/feature-set.js';
import { mlMetrics, type MlMetrics } from '../ml.metrics.js';

/** Series kept warm at once; the one unused for longest goes first and is rebuilt from storage when asked for. */
const streamsMax = 500;
/** On request, storage is asked for newer candles at most this often per series. */
const refreshEveryMs = 1000;

interface Series {
  readonly stream: FeatureStream;
  /** Close of the newest candle in it, decimal text. */
  close: string;
  refreshedMs: number;
}

export interface SeriesKey {
  readonly session: string;
  readonly instrument: string;
  readonly timeframe: Timeframe;
  readonly set: FeatureSet;
}

/** What a series says now: the vector of its newest closed candle. */
export interface Current {
  readonly stream: FeatureStream;
  readonly close: string;
}

/**
 * One incremental feature stream per session, instrument, timeframe and feature set. A new stream is warmed from
 * stored candles, so a restart and a replay begin with the past they had; then each closed candle is folded in once.
 */
@Injectable()
export class FeatureStreams {
  private readonly series = new Map<string, Promise<Series>>();
  private readonly metrics: MlMetrics;

  constructor(
    private readonly candles: Candles,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.metrics = mlMetrics(metrics);
    this.metrics.streams(() => this.series.size);
  }

  /** Folds a closed candle in; null when it is not newer than what the stream has seen. */
  async closed(event: CandleClosed, set: FeatureSet): Promise<Current | null> {
    const { instrument, timeframe, openTimeMs } = event.data;
    const key = { session: event.session, instrument, timeframe, set };
    return this.turn(key, async (known) => {
      const series = known ?? (await this.load(key, openTimeMs));
      if (openTimeMs <= series.stream.timeMs) return { series, answer: null };
      series.stream.update(floats(openTimeMs, event.data));
      series.close = event.data.close;
      series.refreshedMs = this.clock.monotonicMs();
      return { series, answer: { stream: series.stream, close: series.close } };
    });
  }

  /** The series as of the newest stored candle. An empty stream means that there is no candle at all. */
  async current(key: SeriesKey): Promise<Current> {
    return this.turn(key, async (known) => {
      const series = known ?? (await this.load(key, null));
      if (known && this.clock.monotonicMs() - series.refreshedMs >= refreshEveryMs)
        await this.refresh(key, series);
      return { series, answer: { stream: series.stream, close: series.close } };
    });
  }

  /** A throw-away stream that ends with the candle whose open time is `atMs`. */
  async at(key: SeriesKey, atMs: number): Promise<Current> {
    const series = await this.load(key, atMs + timeframeMs(key.timeframe));
    return { stream: series.stream, close: series.close };
  }

  /** Drops everything of a session that ended. */
  forget(session: string): void {
    for (const key of this.series.keys()) if (key.startsWith(`${session}|`)) this.series.delete(key);
  }

  /** Runs `step` alone on its series: what two callers want of the same stream happens one after the other. */
  private async turn<T>(
    key: SeriesKey,
    step: (known: Series | null) => Promise<{ series: Series; answer: T }>,
  ): Promise<T> {
    const name = `${key.session}|${key.instrument}|${key.timeframe}|${key.set.hash}`;
    const before = this.series.get(name);
    const turn = (before ?? Promise.resolve(null)).catch(() => null).then(step);
    // Re-inserting keeps the map in order of use.
    this.series.delete(name);
    const next = turn.then(({ series }) => series);
    this.series.set(name, next);
    next.catch(() => {
      if (this.series.get(name) === next) this.series.delete(name);
    });
    if (this.series.size > streamsMax) {
      this.series.delete(this.series.keys().next().value!);
      this.metrics.streamsEvicted.inc();
    }
    return (await turn).answer;
  }

  /** `beforeMs`: only candles that open before it; null: all. */
  private async load(key: SeriesKey, beforeMs: number | null): Promise<Series> {
    const stream = key.set.create({ barMs: timeframeMs(key.timeframe) });
    const page = await this.candles.list({
      instrument: key.instrument,
      timeframe: key.timeframe,
      limit: Math.min(key.set.barsSettled, candleLimitMax),
      ...(beforeMs === null ? {} : { to: toRfc3339(beforeMs) }),
    });
    const series: Series = { stream, close: '', refreshedMs: this.clock.monotonicMs() };
    fold(series, page.items);
    return series;
  }

  private async refresh(key: SeriesKey, series: Series): Promise<void> {
    series.refreshedMs = this.clock.monotonicMs();
    if (key.session !== liveSession || Number.isNaN(series.stream.timeMs)) return;
    const page = await this.candles.list({
      instrument: key.instrument,
      timeframe: key.timeframe,
      from: toRfc3339(series.stream.timeMs + timeframeMs(key.timeframe)),
      limit: candleLimitMax,
    });
    fold(series, page.items);
  }
}

function fold(series: Series, candles: readonly Candle[]): void {
  for (const candle of candles) {
    const timeMs = Date.parse(candle.time);
    if (!candle.closed || timeMs <= series.stream.timeMs) continue;
    series.stream.update(floats(timeMs, candle));
    series.close = candle.close;
  }
}

/** The border where decimals become floats. */
function floats(
  timeMs: number,
  candle: { open: string; high: string; low: string; close: string; volume: string },
): FeatureCandle {
  return {
    timeMs,
    open: Number(candle.open),
    high: Number(candle.high),
    low: Number(candle.low),
    close: Number(candle.close),
    volume: Number(candle.volume),
  };
}
