import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import type { Page } from '../../kernel/page.js';
import { PathId } from '../../platform/http/path.pipe.js';
import {
  AmendOrder,
  MultiAnswer,
  Order,
  OrderCheck,
  OrderQuery,
  Orders,
  PlaceOrder,
} from '../../trading/contract/orders.js';
import { Coalesces, Limited } from '../access/limited.js';
import { InstrumentFilter } from '../contract/queries.js';
import { Describe } from '../openapi/describe.js';
import { CoalescedCancels } from './coalesced-cancels.service.js';
import { versionWanted } from './if-match.js';
import type { Reply, SignedRequest } from './request.adapter.js';

/** The desk may be too busy, or just reading itself anew. */
const busy = ['TRADING_OVERLOADED', 'TRADING_UNAVAILABLE'];
const denials = [
  'TRADING_ACCOUNT_UNKNOWN',
  'TRADING_ORDER_INCOMPLETE',
  'TRADING_ORDER_TYPE_UNSUPPORTED',
  'TRADING_CLIENT_ORDER_ID_REUSED',
  'TRADING_INSTRUMENT_UNKNOWN',
  'TRADING_INSTRUMENT_NOT_TRADING',
  'TRADING_PRICE_STEP',
  'TRADING_QUANTITY_STEP',
  'TRADING_QUANTITY_TOO_SMALL',
  'TRADING_QUANTITY_TOO_LARGE',
  'TRADING_NOTIONAL_TOO_SMALL',
  'TRADING_NOTIONAL_TOO_LARGE',
  'TRADING_PRICE_COLLAR',
  'TRADING_BALANCE_INSUFFICIENT',
  'TRADING_POSITION_TOO_LARGE',
  'TRADING_EXPOSURE_TOO_LARGE',
  'TRADING_OPEN_ORDERS_TOO_MANY',
  'TRADING_ORDER_RATE',
  'TRADING_MARK_STALE',
  'TRADING_STATE_REDUCING',
  'TRADING_STATE_HALTED',
  'TRADING_REDUCE_ONLY',
  'TRADING_NUMBER_INVALID',
  'TRADING_NET_EXPOSURE_TOO_LARGE',
  'TRADING_CONCENTRATION_TOO_HIGH',
  'TRADING_LEVERAGE_TOO_HIGH',
  'TRADING_DUPLICATE_ORDER',
  'TRADING_SELF_TRADE',
  'TRADING_DAILY_LOSS',
  'TRADING_DRAWDOWN',
  'TRADING_LOCKED',
  'TRADING_GLOBAL_STATE',
  'TRADING_GLOBAL_NOTIONAL',
  'TRADING_GLOBAL_EXPOSURE',
  'TRADING_GLOBAL_NET_EXPOSURE',
  'TRADING_GLOBAL_OPEN_ORDERS',
  'TRADING_GLOBAL_ORDER_RATE',
  'TRADING_ACCOUNT_IN_REPLAY',
  ...busy,
];

/** Denials an order meets once, as it is placed. */
const onlyWhenPlaced: ReadonlySet<string> = new Set([
  'TRADING_ORDER_TYPE_UNSUPPORTED',
  'TRADING_CLIENT_ORDER_ID_REUSED',
  'TRADING_ORDER_RATE',
  'TRADING_ACCOUNT_IN_REPLAY',
]);

/** Orders of one account. An order is durable before it is answered. */
@Controller('v1/accounts/:accountId/orders')
@RequireRole('viewer')
export class OrdersController {
  constructor(
    private readonly orders: Orders,
    private readonly cancels: CoalescedCancels,
  ) {}

  // The hot path: the account id is read by hand, since every pipe costs a promise; one that is none is unknown anyway.
  @Post()
  @RequireRole('trader')
  @Limited('orders')
  @Describe({
    summary: 'Place an order',
    more:
      '`clientOrderId` makes it safe to send again: same id and content answers the first order with `Idempotency-Replayed: true`. ' +
      'A denial is kept as an order with status `denied` and answered 422 with the number and the limit.',
    answers: Order,
    says: 'Stored and on its way.',
    also: { 200: 'The first order with this client order id, unchanged.' },
    problems: denials,
  })
  async place(
    @Body() order: PlaceOrder,
    @Req() { principal, params }: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Order> {
    const answer = await this.orders.submit({ principal, accountId: params.accountId, order });
    if (answer.replayed) reply.status(200).header('Idempotency-Replayed', 'true');
    return answer.order;
  }

  @Post('check')
  @RequireRole('trader')
  @Limited('read')
  @HttpCode(200)
  @Describe({
    summary: 'What would every risk rule say? Nothing happens',
    answers: OrderCheck,
    problems: ['TRADING_ACCOUNT_UNKNOWN', 'TRADING_ORDER_INCOMPLETE', 'TRADING_INSTRUMENT_UNKNOWN'],
  })
  check(
    @PathId('accountId') accountId: string,
    @Body() order: PlaceOrder,
    @Req() { principal }: SignedRequest,
  ): Promise<OrderCheck> {
    return this.orders.check({ principal, accountId, order });
  }

  @Get()
  @Describe({
    summary: 'Orders, newest first',
    answers: { pageOf: Order },
    problems: ['TRADING_ACCOUNT_UNKNOWN'],
  })
  list(
    @PathId('accountId') accountId: string,
    @Query() query: OrderQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<Page<Order>> {
    return this.orders.list({ principal, accountId, ...query });
  }

  @Get('by-client-id/:clientOrderId')
  @Describe({
    summary: 'An order by your own id',
    answers: Order,
    problems: ['TRADING_ACCOUNT_UNKNOWN', 'TRADING_ORDER_UNKNOWN'],
  })
  byClientOrderId(
    @PathId('accountId') accountId: string,
    @Req() { principal, params }: SignedRequest,
  ): Promise<Order> {
    return this.orders.getByClientOrderId({ principal, accountId, clientOrderId: params.clientOrderId });
  }

  @Get(':orderId')
  @Describe({
    summary: 'An order',
    answers: Order,
    problems: ['TRADING_ACCOUNT_UNKNOWN', 'TRADING_ORDER_UNKNOWN'],
  })
  get(
    @PathId('accountId') accountId: string,
    @PathId('orderId') orderId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<Order> {
    return this.orders.get({ principal, accountId, orderId });
  }

  @Patch(':orderId')
  @RequireRole('trader')
  @Limited('orders')
  @Describe({
    summary: 'Amend an open order in place',
    more:
      'Same id; its place in the queue is lost when its price moves or it grows. What the change adds passes every risk rule; ' +
      'a refusal leaves the order as it was.',
    answers: Order,
    matched: true,
    problems: [
      'TRADING_ORDER_UNKNOWN',
      'TRADING_ORDER_CLOSED',
      'REQUEST_PRECONDITION_FAILED',
      'REQUEST_PRECONDITION_REQUIRED',
      'TRADING_AMEND_BELOW_FILLED',
      'TRADING_AMEND_TOO_LATE',
      'TRADING_AMEND_RATE',
      'TRADING_WOULD_TAKE_LIQUIDITY',
      'TRADING_WOULD_TRIGGER',
      ...denials.filter((code) => !onlyWhenPlaced.has(code)),
    ],
  })
  amend(
    @PathId('accountId') accountId: string,
    @PathId('orderId') orderId: string,
    @Body() changes: AmendOrder,
    @Req() request: SignedRequest,
  ): Promise<Order> {
    const { principal } = request;
    const version = versionWanted(request.headers['if-match']);
    return this.orders.amend({ principal, accountId, orderId, version, changes });
  }

  @Delete(':orderId')
  @RequireRole('trader')
  @Limited('safety')
  @Coalesces()
  @Describe({
    summary: 'Cancel an order',
    more: 'An order already gone is a success that says so by its status. Has a quota of its own; equal repeats share one answer.',
    answers: Order,
    problems: ['TRADING_ACCOUNT_UNKNOWN', 'TRADING_ORDER_UNKNOWN', ...busy],
  })
  cancel(
    @PathId('accountId') accountId: string,
    @PathId('orderId') orderId: string,
    @Req() request: SignedRequest,
  ): Promise<Order> {
    const { principal } = request;
    return this.cancels.share(request, () => this.orders.cancel({ principal, accountId, orderId }));
  }

  @Delete()
  @RequireRole('trader')
  @Limited('safety')
  @Coalesces()
  @HttpCode(207)
  @Describe({
    summary: 'Cancel all open orders, or those of one instrument',
    answers: MultiAnswer,
    says: 'One item per order.',
    problems: ['TRADING_ACCOUNT_UNKNOWN', ...busy],
  })
  cancelAll(
    @PathId('accountId') accountId: string,
    @Query() { instrument }: InstrumentFilter,
    @Req() request: SignedRequest,
  ): Promise<MultiAnswer> {
    const { principal } = request;
    return this.cancels.share(request, () => this.orders.cancelAll({ principal, accountId, instrument }));
  }
}
