import { Controller, Get, Query } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import type { Page } from '../../kernel/page.js';
import { Quality, SeriesListQuery, SeriesQuality, SeriesSummary } from '../../data/contract/quality.js';
import { Describe } from '../openapi/describe.js';

/** How whole and how fresh the stored series are. */
@Controller('v1/data-quality')
@RequireRole('viewer')
export class DataQualityController {
  constructor(private readonly quality: Quality) {}

  @Get()
  @Describe({
    summary: 'What is known of a series of candles, or of all',
    more: 'With `instrument` and `timeframe` one series in full: gaps and why, duplicates and late trades, repairs, freshness. Without both a page of series, by instrument and timeframe.',
    answers: { eitherOf: [SeriesQuality, { pageOf: SeriesSummary }] },
    problems: ['DATA_UNKNOWN_INSTRUMENT', 'DATA_CURSOR_INVALID'],
  })
  get(@Query() query: SeriesListQuery): Promise<SeriesQuality | Page<SeriesSummary>> {
    const { instrument, timeframe } = query;
    return instrument !== undefined && timeframe !== undefined
      ? this.quality.series({ instrument, timeframe })
      : this.quality.list(query);
  }
}
