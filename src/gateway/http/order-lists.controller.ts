import { Body, Controller, Delete, Get, Post, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { type Page, PageQuery } from '../../kernel/page.js';
import { PathId } from '../../platform/http/path.pipe.js';
import { OrderList, OrderLists, PlaceOrderList } from '../../trading/contract/order-lists.js';
import { Coalesces, Limited } from '../access/limited.js';
import { Describe } from '../openapi/describe.js';
import { CoalescedCancels } from './coalesced-cancels.service.js';
import { Idempotency } from './idempotency.service.js';
import { busy, denials } from './order-problems.js';
import type { Reply, SignedRequest } from './request.adapter.js';

const unknown = ['TRADING_ACCOUNT_UNKNOWN', 'TRADING_LIST_UNKNOWN'];

/** Orders that belong together. */
@Controller('v1/accounts/:accountId/order-lists')
@RequireRole('viewer')
export class OrderListsController {
  constructor(
    private readonly lists: OrderLists,
    private readonly cancels: CoalescedCancels,
    private readonly idempotency: Idempotency,
  ) {}

  @Post()
  @RequireRole('trader')
  @Limited('orders')
  @Describe({
    summary: 'Place linked orders: one cancels the other, one triggers others, or a bracket',
    more:
      'All or none: when one is denied, all are kept as `denied` and its code is answered. The links are stored with the orders. ' +
      'A list whose client order ids were used for the very same list before answers that one.',
    answers: OrderList,
    keyed: true,
    problems: denials,
  })
  place(
    @PathId('accountId') accountId: string,
    @Body() list: PlaceOrderList,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: list,
      repeatable: true,
      act: async (idempotencyKey) => {
        const answer = await this.lists.submit({ principal, accountId, list, idempotencyKey });
        if (answer.replayed) reply.header('Idempotency-Replayed', 'true');
        return answer.list;
      },
    });
  }

  @Get()
  @Describe({
    summary: 'Order lists, newest first',
    answers: { pageOf: OrderList },
    problems: ['TRADING_ACCOUNT_UNKNOWN'],
  })
  list(
    @PathId('accountId') accountId: string,
    @Query() query: PageQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<Page<OrderList>> {
    return this.lists.list({ principal, accountId, ...query });
  }

  @Get(':listId')
  @Describe({ summary: 'An order list as its orders stand now', answers: OrderList, problems: unknown })
  get(
    @PathId('accountId') accountId: string,
    @PathId('listId') listId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<OrderList> {
    return this.lists.get({ principal, accountId, listId });
  }

  @Delete(':listId')
  @RequireRole('trader')
  @Limited('safety')
  @Coalesces()
  @Describe({
    summary: 'Cancel what is open of an order list',
    more: 'A list that is closed already is a success that says so by its status.',
    answers: OrderList,
    problems: [...unknown, ...busy],
  })
  cancel(
    @PathId('accountId') accountId: string,
    @PathId('listId') listId: string,
    @Req() request: SignedRequest,
  ): Promise<OrderList> {
    const { principal } = request;
    return this.cancels.share(request, () => this.lists.cancel({ principal, accountId, listId }));
  }
}
