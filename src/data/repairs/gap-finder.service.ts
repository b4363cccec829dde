import { Injectable } from '@nestjs/common';
import { Clock, dayMs, minuteMs } from '../../kernel/time.js';
import { CandleRepository } from '../candles/candle.repository.js';
import { LiveCandles } from '../candles/live-candles.service.js';
import { DataConfig } from '../data.config.js';
import { Suspicions } from '../feeds/suspicions.js';
import { type Span } from '../partitions/partition-plan.js';
import { Partitions } from '../partitions/partitions.service.js';
import { liveSources } from '../partitions/retention-rules.js';
import { QualityRepository } from '../quality/quality.repository.js';
import { explained } from '../quality/series-gaps.js';
import { RepairRepository, type RepairReason } from './repair.repository.js';

/** A closed minute is stored within this time, unless storage is slow: then it is found missing and told by the venue. */
const storedWithinMs = 20_000;

export interface Found extends Span {
  readonly reason: RepairReason;
  /** Minutes without a candle. */
  readonly missing: number;
}

/**
 * What is missing of the minutes of a live instrument: from the first one the live market left in the days looked back
 * to, up to the newest that is closed. A minute the venue knows to be quiet is not missing.
 */
@Injectable()
export class GapFinder {
  /** Up to here nothing was missing when it was last looked; by instrument. */
  private readonly cleanUntilMs = new Map<string, number>();

  constructor(
    private readonly rows: QualityRepository,
    private readonly repairs: RepairRepository,
    private readonly candles: CandleRepository,
    private readonly partitions: Partitions,
    private readonly live: LiveCandles,
    private readonly suspicions: Suspicions,
    private readonly config: DataConfig,
    private readonly clock: Clock,
  ) {}

  async find(instrument: string): Promise<Found[]> {
    const series = { instrument, timeframe: '1m' as const };
    const nowMs = this.clock.nowMs() - storedWithinMs;
    const openMs = this.live.openFromMs(instrument) ?? nowMs;
    const untilMs = Math.floor(Math.min(nowMs, openMs) / minuteMs) * minuteMs;
    const late = this.suspicions
      .takeLate(instrument, untilMs)
      .map((fromMs): Found => ({ fromMs, toMs: fromMs + minuteMs, reason: 'late', missing: 0 }));
    const fromMs = this.cleanUntilMs.get(instrument) ?? (await this.anchor(instrument, untilMs));
    if (fromMs === null || fromMs >= untilMs) return late;
    const missing = await this.missing(series, { fromMs, toMs: untilMs });
    const known = [
      ...(await this.rows.quiet(series, { fromMs, toMs: untilMs })),
      ...(await this.repairs.givenUp(series, { fromMs, toMs: untilMs })),
    ].toSorted((a, b) => a.fromMs - b.fromMs);
    const holes = explained(missing, known)
      .filter(({ reason }) => reason === 'noData')
      .map(({ fromMs: start, toMs }): Found => {
        return { fromMs: start, toMs, reason: 'hole', missing: (toMs - start) / minuteMs };
      });
    this.cleanUntilMs.set(instrument, holes.at(0)?.fromMs ?? untilMs);
    return [...late, ...holes];
  }

  /** The first minute that the live market should have: null when it has left none yet. */
  private async anchor(instrument: string, untilMs: number): Promise<number | null> {
    const series = { instrument, timeframe: '1m' as const };
    const backMs = Math.floor((this.clock.nowMs() - this.config.repairDays * dayMs) / minuteMs) * minuteMs;
    const [before] = await this.candles.newest({ ...series, toMs: backMs, limit: 1 });
    if (before && liveSources.some((source) => source === before.source)) return backMs;
    const [first] = await this.candles.range({ ...series, fromMs: backMs, toMs: untilMs, limit: 1 });
    return first?.openTimeMs ?? null;
  }

  private async missing(series: { instrument: string; timeframe: '1m' }, span: Span): Promise<Span[]> {
    const missing: Span[] = [];
    let atMs = span.fromMs;
    for (const piece of this.partitions.pieces('candles_minutes', span)) {
      const counted = await this.rows.count(series, piece);
      if (counted === null) continue;
      const { present, firstMs, lastMs } = counted;
      if (firstMs > atMs) missing.push({ fromMs: atMs, toMs: firstMs });
      if (present <= (lastMs - firstMs) / minuteMs) missing.push(...(await this.rows.holes(series, piece)));
      atMs = lastMs + minuteMs;
    }
    if (atMs < span.toMs) missing.push({ fromMs: atMs, toMs: span.toMs });
    return missing;
  }
}
