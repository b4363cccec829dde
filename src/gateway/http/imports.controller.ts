import { createHash } from 'node:crypto';
import { pipeline, Readable, Transform } from 'node:stream';
import { Controller, HttpCode, Inject, Optional, Post, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { problem } from '../../kernel/errors.js';
import { CandleImportQuery, Imports, TradeImportQuery } from '../../data/contract/imports.js';
import { Instruments } from '../../data/contract/instruments.js';
import { Job } from '../../data/contract/jobs.js';
import { Spool } from '../../data/contract/spool.js';
import { Describe } from '../openapi/describe.js';
import { Idempotency } from './idempotency.service.js';
import type { Reply, SignedRequest } from './request.adapter.js';

const problems = [
  'DATA_UNKNOWN_INSTRUMENT',
  'DATA_IMPORT_UNREADABLE',
  'DATA_TOO_MANY_JOBS',
  'REQUEST_TOO_LARGE',
  'REQUEST_MEDIA_TYPE',
];

/** CSV in, plain or packed. The body streams into the spool as it arrives and is never held in memory. */
@Controller('v1/imports')
@RequireRole('trader')
export class ImportsController {
  constructor(
    private readonly imports: Imports,
    private readonly instruments: Instruments,
    @Optional() @Inject(Spool) private readonly spool: Spool | null,
    private readonly idempotency: Idempotency,
  ) {}

  @Post('candles')
  @HttpCode(202)
  @Describe({
    summary: 'Import candles from CSV',
    more: 'Plain or with `Content-Encoding: gzip`, or a zip archive that holds one such file. Also reads the kline files that Binance publishes, whose times are ms or µs. Answers a job as soon as the whole body is safely received; a repeated equal import changes nothing.',
    answers: Job,
    keyed: true,
    csvBody:
      'timestamp_ms,open,high,low,close,volume\n1672531200000,16541.77,16544.76,16538.45,16543.67,83.08143\n',
    problems,
  })
  async candles(
    @Query() query: CandleImportQuery,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { spool, hash } = await this.receive(request, query.instrument);
    return this.idempotency.once({
      request,
      reply,
      content: { query, hash },
      repeatable: false,
      status: 202,
      act: () => this.imports.candles({ principal: request.principal, spool, query }),
    });
  }

  @Post('trades')
  @HttpCode(202)
  @Describe({
    summary: 'Import trades from CSV',
    more: 'Plain or with `Content-Encoding: gzip`, or a zip archive that holds one such file; an `id` column is optional. Also reads the trade and aggregate trade files that Binance publishes. Answers a job as soon as the whole body is safely received.',
    answers: Job,
    keyed: true,
    csvBody: 'timestamp_ms,price,quantity,side,id\n1723075200123,55109.33,0.00021,buy,3712345678\n',
    problems,
  })
  async trades(
    @Query() query: TradeImportQuery,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { spool, hash } = await this.receive(request, query.instrument);
    return this.idempotency.once({
      request,
      reply,
      content: { query, hash },
      repeatable: false,
      status: 202,
      act: () => this.imports.trades({ principal: request.principal, spool, query }),
    });
  }

  private async receive(
    request: SignedRequest,
    instrument: string,
  ): Promise<{ spool: string; hash: string }> {
    const { body } = request;
    if (!(body instanceof Readable)) {
      throw problem('REQUEST_MEDIA_TYPE', {
        detail: 'imports take a CSV body; send `Content-Type: text/csv`, or an archive as `application/zip`',
      });
    }
    if (this.spool === null) {
      throw problem('SERVER_UNAVAILABLE', {
        detail:
          'this gateway shares no storage with the data service; send the import to the server that runs it',
      });
    }
    const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (encoding !== 'identity' && encoding !== 'gzip') {
      throw problem('REQUEST_MEDIA_TYPE', {
        detail: `Content-Encoding ${encoding.slice(0, 40)} is not understood; send plain text or gzip`,
      });
    }
    const zip = /zip/i.test(request.headers['content-type'] ?? '');
    if (zip && encoding === 'gzip') {
      throw problem('REQUEST_MEDIA_TYPE', {
        detail: 'an archive is packed already; send it without Content-Encoding',
      });
    }
    // Before the body is read: nobody should upload a gigabyte to learn of a misspelt name.
    await this.instruments.get({ id: instrument });
    const digest = createHash('sha256');
    const watched = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        digest.update(chunk);
        done(null, chunk);
      },
    });
    // A client that goes away ends the upload; the spool sees the broken stream and drops what it has.
    pipeline(body, watched, () => undefined);
    const spool = await this.spool.receive(watched, { gzip: encoding === 'gzip', zip });
    return { spool, hash: digest.digest('hex') };
  }
}
