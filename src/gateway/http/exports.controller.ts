import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { problem } from '../../kernel/errors.js';
import {
  CandleExportQuery,
  type ExportPiece,
  Exports,
  TradeExportQuery,
} from '../../data/contract/exports.js';
import { GatewayConfig } from '../gateway.config.js';
import { Describe } from '../openapi/describe.js';
import { acceptsGzip } from './accept.js';
import type { Reply, SignedRequest } from './request.adapter.js';

const problems = ['DATA_UNKNOWN_INSTRUMENT', 'DATA_RANGE_INVALID', 'SERVER_OVERLOADED'];
const more =
  'A stream of any length: the server reads on only as fast as the client does. Gzip where the client accepts it. The file is what the import reads. An answer that ends without its last chunk is not whole.';
/** Packing must not take longer than reading does. */
const gzipLevel = 1;

/** Whole series as CSV, never held in memory. */
@Controller('v1/exports')
@RequireRole('viewer')
export class ExportsController {
  private running = 0;

  constructor(
    private readonly exports: Exports,
    private readonly config: GatewayConfig,
  ) {}

  @Get('candles')
  @Describe({
    summary: 'Export candles as CSV',
    more,
    answers: 'nothing',
    csvAnswer:
      'timestamp_ms,open,high,low,close,volume\n1672531200000,16541.77,16544.76,16538.45,16543.67,83.08143\n',
    problems,
  })
  async candles(
    @Query() query: CandleExportQuery,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Readable | string> {
    const name = `${query.instrument}-${query.timeframe}.csv`;
    return this.stream(request, reply, name, 'timestamp_ms,open,high,low,close,volume', (cursor) =>
      this.exports.candles({ ...query, ...cursor }),
    );
  }

  @Get('trades')
  @Describe({
    summary: 'Export market trades as CSV',
    more,
    answers: 'nothing',
    csvAnswer: 'timestamp_ms,price,quantity,side,id\n1723075200123,55109.33,0.00021,buy,3712345678\n',
    problems,
  })
  async trades(
    @Query() query: TradeExportQuery,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Readable | string> {
    const name = `${query.instrument}-trades.csv`;
    return this.stream(request, reply, name, 'timestamp_ms,price,quantity,side,id', (cursor) =>
      this.exports.trades({ ...query, ...cursor }),
    );
  }

  private async stream(
    request: SignedRequest,
    reply: Reply,
    name: string,
    header: string,
    read: (cursor: { cursor?: string }) => Promise<ExportPiece>,
  ): Promise<Readable | string> {
    const { exportsRunningMax } = this.config;
    if (this.running >= exportsRunningMax) {
      throw problem('SERVER_OVERLOADED', {
        detail: `${this.running} exports run already, ${exportsRunningMax} may (EXPORTS_RUNNING_MAX); try again when one has ended`,
        retryAfterSeconds: 10,
      });
    }
    this.running += 1;
    const over = (): void => {
      this.running -= 1;
    };
    try {
      // The first piece is read before anything is answered, so that a refusal is a problem and no half file.
      const first = await read({});
      const gzip = acceptsGzip(request.headers['accept-encoding']);
      reply.header('content-type', 'text/csv; charset=utf-8; header=present');
      reply.header('content-disposition', `attachment; filename="${name}"`);
      reply.header('vary', 'Accept-Encoding');
      if (gzip) reply.header('content-encoding', 'gzip');
      if (request.method === 'HEAD') {
        over();
        return '';
      }
      const packed = gzip ? createGzip({ level: gzipLevel }) : new PassThrough();
      pipeline(Readable.from(textOf(header, first, read), { objectMode: false }), packed, over);
      return packed;
    } catch (error) {
      over();
      throw error;
    }
  }
}

/** The pieces one after the other; the next is read when the client has taken the one before. */
async function* textOf(
  header: string,
  first: ExportPiece,
  read: (cursor: { cursor?: string }) => Promise<ExportPiece>,
): AsyncGenerator<string> {
  yield `${header}\n${first.csv}`;
  for (let { nextCursor: cursor } = first; cursor !== null;) {
    const piece = await read({ cursor });
    yield piece.csv;
    cursor = piece.nextCursor;
  }
}
