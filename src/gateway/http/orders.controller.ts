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
  PlaceOrders,
} from '../../trading/contract/orders.js';
import { Coalesces, Limited } from '../access/limited.js';
import { InstrumentFilter } from '../contract/queries.js';
import { Describe } from '../openapi/describe.js';
import { CoalescedCancels } from './coalesced-cancels.service.js';
import { busy, denials } from './order-problems.js';
import { versionWanted } from './if-match.js';
import type { Reply, SignedRequest } from './request.adapter.js';

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

  @Post('batch')
  @RequireRole('trader')
  @Limited('orders')
  @HttpCode(207)
  @Describe({
    summary: 'Place up to 100 orders, stored together',
    more:
      'One after the other, each judged by what those before it have done. A refused one does not hold back the rest; ' +
      'give each a `clientOrderId` to send the batch again safely.',
    answers: MultiAnswer,
    says: 'One item per order, in their order: 201, 200 for one that was there before, else its problem.',
    problems: ['TRADING_ACCOUNT_UNKNOWN', ...busy],
  })
  placeBatch(
    @PathId('accountId') accountId: string,
    @Body() { orders }: PlaceOrders,
    @Req() { principal }: SignedRequest,
  ): Promise<MultiAnswer> {
    return this.orders.submitBatch({ principal, accountId, orders });
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
      'TRADING_ORDER_PENDING',
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
