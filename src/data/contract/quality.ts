import {
  flag,
  instrumentId,
  integer,
  list,
  object,
  oneOf,
  text,
  time,
  timeframe,
} from '../../kernel/fields.js';
import type { Page } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';

export class Freshness {
  @time({ nullable: true, about: 'When the newest candle closed.' })
  newest: string | null;

  @integer({ nullable: true, about: 'Milliseconds since then.' })
  ageMs: number | null;

  @integer({ about: 'Older than so many milliseconds is stale: two candles, and at least 30 s.' })
  limitMs: number;

  @flag({ about: 'No candle closed within the limit.' })
  stale: boolean;
}

export class SeriesGap {
  @time({ about: 'First open time that is missing.' })
  from: string;

  @time({ about: 'Exclusive.' })
  to: string;

  @integer({ about: 'Candles missing.' })
  bars: number;

  @oneOf(['noTrades', 'noData'], {
    about: '`noTrades`: the venue was asked and keeps no candle there; `noData`: nobody knows.',
  })
  reason: string;
}

export class SeriesRepair {
  @text()
  id: string;

  @oneOf(['hole', 'late'], {
    about: '`hole`: candles were missing; `late`: trades came after their candle closed.',
  })
  reason: string;

  @time()
  from: string;

  @time({ about: 'Exclusive.' })
  to: string;

  @oneOf(['open', 'done', 'given_up'])
  state: string;

  @integer({ about: 'Candles that were missing when it was found.' })
  missing: number;

  @time()
  foundAt: string;

  @time({ nullable: true })
  finishedAt: string | null;

  @integer({ about: 'Times the venue was asked.' })
  attempts: number;

  @integer({ about: 'Candles the venue told and that were stored.' })
  inserted: number;

  @integer({ about: 'Candles the venue told otherwise and that took the place of ours.' })
  replaced: number;

  @integer({ about: 'Bars in which, as the venue tells, nothing traded.' })
  quiet: number;

  @text({ max: 2000 })
  detail: string;
}

export class SeriesSummary {
  @instrumentId()
  instrument: string;

  @timeframe()
  timeframe: string;

  @time({ nullable: true, about: 'Open time of the oldest candle.' })
  first: string | null;

  @time({ nullable: true, about: 'Open time of the newest candle.' })
  last: string | null;

  @object(() => Freshness)
  freshness: Freshness;
}

export class SeriesQuality extends SeriesSummary {
  @integer({ about: 'Candles from first to last, if none were missing.' })
  expected: number;

  @integer({ about: 'Candles there are.' })
  present: number;

  @integer({ about: 'Missing, and the venue says that nothing traded.' })
  noTrades: number;

  @integer({ about: 'Missing, and nobody knows.' })
  noData: number;

  @integer({ about: 'Gaps in all.' })
  gapCount: number;

  @list(() => SeriesGap, { max: 100, about: 'The newest hundred, newest first.' })
  gaps: SeriesGap[];

  @integer({ about: 'Ticks of the instrument that had come before, and were dropped.' })
  duplicatesDropped: number;

  @integer({ about: 'Trades that came after their candle had closed; stored, and no candle holds them.' })
  lateTrades: number;

  @time({ nullable: true, about: 'Since when these two are counted.' })
  countedSince: string | null;

  @list(() => SeriesRepair, { max: 20, about: 'The newest twenty, newest first.' })
  repairs: SeriesRepair[];
}

export class SeriesListQuery {
  @instrumentId({ optional: true, about: 'Only its series.' })
  instrument?: string;

  @timeframe({ optional: true, about: 'Only these series.' })
  timeframe?: string;

  @integer({ min: 1, max: 500, optional: true, about: 'Series per page. Default 50.' })
  limit?: number;

  @text({ max: 400, optional: true, about: '`nextCursor` of the page before.' })
  cursor?: string;
}

/** What is known of stored series of candles: how whole and how fresh they are, and what was done about it. */
export abstract class Quality {
  static readonly port: PortDescription<Quality> = {
    name: 'data.quality',
    methods: { series: 'read', list: 'read' },
  };

  /** One series, empty or not. Throws DATA_UNKNOWN_INSTRUMENT. */
  abstract series(query: { instrument: string; timeframe: string }): Promise<SeriesQuality>;
  /** Series that hold a candle, by instrument and timeframe. Throws DATA_UNKNOWN_INSTRUMENT, DATA_CURSOR_INVALID. */
  abstract list(query: SeriesListQuery): Promise<Page<SeriesSummary>>;
}
