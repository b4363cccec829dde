import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { Backfills, StartBackfill } from '../../data/contract/backfills.js';
import { Job } from '../../data/contract/jobs.js';
import { Describe } from '../openapi/describe.js';
import { Idempotency } from './idempotency.service.js';
import type { Reply, SignedRequest } from './request.adapter.js';

/** The past of an instrument, asked of its venue. */
@Controller('v1/backfills')
@RequireRole('trader')
export class BackfillsController {
  constructor(
    private readonly backfills: Backfills,
    private readonly idempotency: Idempotency,
  ) {}

  @Post()
  @HttpCode(202)
  @Describe({
    summary: 'Fetch the past of an instrument from its venue',
    more: 'Page by page within the rates of the venue; after a restart it goes on where it stood. What is stored stays stored, and candles that the venue tells differently are reported.',
    answers: Job,
    keyed: true,
    problems: [
      'DATA_UNKNOWN_INSTRUMENT',
      'DATA_RANGE_INVALID',
      'DATA_BACKFILL_REFUSED',
      'DATA_TOO_MANY_JOBS',
    ],
  })
  start(
    @Body() backfill: StartBackfill,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: backfill,
      repeatable: false,
      status: 202,
      act: () => this.backfills.start({ principal, backfill }),
    });
  }
}
