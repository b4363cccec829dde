import { Body, Controller, Get, Put, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { PageQuery, type Page } from '../../kernel/page.js';
import { Candle, CandleQuery, Candles } from '../../data/contract/candles.js';
import { Instrument, InstrumentRules, Instruments } from '../../data/contract/instruments.js';
import { Market, OrderBook, Quote, Trade, TradeQuery } from '../../data/contract/quotes.js';
import { PathInstrument } from '../../platform/http/path.pipe.js';
import { Describe } from '../openapi/describe.js';
import { BookQuery } from '../contract/queries.js';
import { prefersCsv } from './accept.js';
import { asAccepted } from './csv-page.js';
import { pageOf } from './pages.js';
import type { Reply, SignedRequest } from './request.adapter.js';

/** What the market is and was. */
@Controller('v1')
@RequireRole('viewer')
export class MarketDataController {
  constructor(
    private readonly instruments: Instruments,
    private readonly candles: Candles,
    private readonly market: Market,
  ) {}

  @Get('instruments')
  @Describe({ summary: 'Instruments by id', answers: { pageOf: Instrument } })
  async list(@Query() query: PageQuery): Promise<Page<Instrument>> {
    return pageOf(await this.instruments.list({}), ({ id }) => id, query);
  }

  @Get('instruments/:id')
  @Describe({
    summary: 'An instrument: steps, minimums, fees, status',
    answers: Instrument,
    problems: ['DATA_UNKNOWN_INSTRUMENT'],
  })
  instrument(@PathInstrument('id') id: string): Promise<Instrument> {
    return this.instruments.get({ id });
  }

  @Put('instruments/:id')
  @RequireRole('operator')
  @Describe({
    summary: 'Create or replace an instrument',
    answers: Instrument,
    problems: ['REQUEST_CONFLICT'],
  })
  putInstrument(
    @PathInstrument('id') id: string,
    @Body() rules: InstrumentRules,
    @Req() { principal }: SignedRequest,
  ): Promise<Instrument> {
    return this.instruments.put({ principal, id, rules });
  }

  @Get('candles')
  @Describe({
    summary: 'Candles, oldest first',
    more: 'Without `from` the newest `limit` of them. `time` is the open time; the last one may still be open (`closed: false`).',
    answers: { pageOf: Candle },
    csv: true,
    problems: ['DATA_UNKNOWN_INSTRUMENT', 'DATA_RANGE_INVALID', 'DATA_CURSOR_INVALID'],
  })
  async candleList(
    @Query() query: CandleQuery,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Page<Candle> | string> {
    if (prefersCsv(request.headers.accept)) {
      return asAccepted(request, reply, Candle, await this.candles.list(query));
    }
    reply.header('Vary', 'Accept');
    reply.header('content-type', 'application/json; charset=utf-8');
    return this.candles.listText(query);
  }

  @Get('trades')
  @Describe({
    summary: 'Market trades, oldest first',
    more: 'Without `from` the newest `limit` of them.',
    answers: { pageOf: Trade },
    csv: true,
    problems: ['DATA_UNKNOWN_INSTRUMENT', 'DATA_RANGE_INVALID', 'DATA_CURSOR_INVALID'],
  })
  async trades(
    @Query() query: TradeQuery,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Page<Trade> | string> {
    return asAccepted(request, reply, Trade, await this.market.trades(query));
  }

  // Asked most often of all: the path is read by hand, since every pipe costs a promise.
  @Get('quotes/:instrument')
  @Describe({
    summary: 'The newest quote',
    answers: Quote,
    problems: ['DATA_UNKNOWN_INSTRUMENT', 'DATA_NO_QUOTE'],
  })
  quote(@Req() { params }: SignedRequest): Promise<Quote> {
    return this.market.quote({ instrument: params.instrument });
  }

  @Get('order-books/:instrument')
  @Describe({
    summary: 'The newest order book, best prices first',
    answers: OrderBook,
    problems: ['DATA_UNKNOWN_INSTRUMENT', 'DATA_NO_QUOTE'],
  })
  orderBook(
    @PathInstrument('instrument') instrument: string,
    @Query() { depth }: BookQuery,
  ): Promise<OrderBook> {
    return this.market.orderBook({ instrument, depth });
  }
}
