import { Injectable } from '@nestjs/common';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { tradingProblem } from '../contract/errors.js';
import {
  type AmendOrder,
  type MultiAnswer,
  type Order,
  type OrderCheck,
  type OrderQuery,
  Orders,
  type PlaceOrder,
  type SubmitAnswer,
} from '../contract/orders.js';
import { unknownOrder } from '../desk/cancel-orders.js';
import { Desk } from '../desk/desk.service.js';
import { contentHash, orderChanges, orderContent } from './order-content.js';
import { OrderListRepository } from './order-list.repository.js';
import { orderView } from './order.js';

/** Orders in and out: who may, what is meant, and then the desk. */
@Injectable()
export class OrdersService extends Orders {
  constructor(
    private readonly desk: Desk,
    private readonly stored: OrderListRepository,
  ) {
    super();
  }

  async submit({
    principal,
    accountId,
    order,
    strategyId = null,
    session,
  }: {
    principal: Principal;
    accountId: string;
    order: PlaceOrder;
    strategyId?: string | null;
    session?: string;
  }): Promise<SubmitAnswer> {
    this.desk.authorise(principal, accountId);
    const content = orderContent(order);
    const outcome = await this.desk.submit({
      kind: 'place',
      accountId,
      content,
      contentHash: contentHash(content, strategyId),
      clientOrderId: order.clientOrderId ?? null,
      strategyId,
      session,
    });
    if ('problem' in outcome) throw outcome.problem;
    return outcome.answer;
  }

  async check(query: { principal: Principal; accountId: string; order: PlaceOrder }): Promise<OrderCheck> {
    this.desk.authorise(query.principal, query.accountId);
    const { accountId, order } = query;
    return this.desk.check(accountId, orderContent(order), order.clientOrderId === undefined);
  }

  async amend(command: {
    principal: Principal;
    accountId: string;
    orderId: string;
    version: number | null;
    changes: AmendOrder;
  }): Promise<Order> {
    const { principal, accountId, orderId, version } = command;
    this.desk.authorise(principal, accountId);
    const changes = orderChanges(command.changes);
    return this.desk.submit({ kind: 'amend', accountId, orderId, version, changes });
  }

  async cancel(command: { principal: Principal; accountId: string; orderId: string }): Promise<Order> {
    const { principal, accountId, orderId } = command;
    this.desk.authorise(principal, accountId);
    return this.desk.submit({ kind: 'cancel', accountId, orderId });
  }

  async cancelAll(command: {
    principal: Principal;
    accountId: string;
    instrument?: string;
  }): Promise<MultiAnswer> {
    const { principal, accountId, instrument = null } = command;
    this.desk.authorise(principal, accountId);
    const orders = await this.desk.submit({ kind: 'cancel-all', accountId, instrument });
    return { items: orders.map((order) => ({ status: 200, order })) };
  }

  async get(query: { principal: Principal; accountId: string; orderId: string }): Promise<Order> {
    const { principal, accountId, orderId } = query;
    this.desk.authorise(principal, accountId);
    const inMemory = await this.desk.read(accountId, (desk) => {
      const order = desk.accounts.get(accountId)?.open.get(orderId) ?? desk.recent.get(accountId, orderId);
      return order === undefined ? null : orderView(order);
    });
    const order = inMemory ?? (await this.stored.byId(accountId, orderId));
    if (order === null) throw unknownOrder(orderId);
    return order;
  }

  async getByClientOrderId(query: {
    principal: Principal;
    accountId: string;
    clientOrderId: string;
  }): Promise<Order> {
    const { principal, accountId, clientOrderId } = query;
    this.desk.authorise(principal, accountId);
    const order = await this.stored.byClientOrderId(accountId, clientOrderId);
    if (order !== null) return order;
    throw tradingProblem('TRADING_ORDER_UNKNOWN', {
      detail: `no order with client order id ${JSON.stringify(clientOrderId).slice(0, 80)} in this account`,
    });
  }

  async list(query: { principal: Principal; accountId: string } & OrderQuery): Promise<Page<Order>> {
    this.desk.authorise(query.principal, query.accountId);
    return this.stored.list(query.accountId, query);
  }
}
