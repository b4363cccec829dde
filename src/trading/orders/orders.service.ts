import { Injectable } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import type { Page } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { tradingProblem } from '../contract/errors.js';
import {
  type AmendOrder,
  type MultiAnswer,
  type MultiItem,
  type Order,
  type OrderCheck,
  type OrderQuery,
  Orders,
  type PlaceOrder,
  type SubmitAnswer,
} from '../contract/orders.js';
import { unknownOrder } from '../desk/cancel-orders.js';
import { Desk } from '../desk/desk.service.js';
import type { PlaceBatchCommand } from '../desk/place-batch.js';
import type { PlaceCommand, PlaceOutcome } from '../desk/place-order.js';
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
    this.desk.authorise(principal, accountId, 'trade');
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

  async submitBatch(command: {
    principal: Principal;
    accountId: string;
    orders: PlaceOrder[];
  }): Promise<MultiAnswer> {
    const { principal, accountId } = command;
    this.desk.authorise(principal, accountId, 'trade');
    const read = command.orders.map((order, n) => placeCommand(accountId, order, n));
    const orders = read.filter((one): one is PlaceCommand => !(one instanceof Problem));
    const batch: PlaceBatchCommand = { kind: 'place-batch', accountId, orders };
    const outcomes = orders.length === 0 ? [] : await this.desk.submit(batch);
    return { items: read.map((one) => itemOf(one instanceof Problem ? one : outcomes.shift()!)) };
  }

  async check(query: { principal: Principal; accountId: string; order: PlaceOrder }): Promise<OrderCheck> {
    this.desk.authorise(query.principal, query.accountId, 'read');
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
    this.desk.authorise(principal, accountId, 'trade');
    const changes = orderChanges(command.changes);
    return this.desk.submit({ kind: 'amend', accountId, orderId, version, changes });
  }

  async cancel(command: { principal: Principal; accountId: string; orderId: string }): Promise<Order> {
    const { principal, accountId, orderId } = command;
    this.desk.authorise(principal, accountId, 'trade');
    return this.desk.submit({ kind: 'cancel', accountId, orderId });
  }

  async cancelAll(command: {
    principal: Principal;
    accountId: string;
    instrument?: string;
  }): Promise<MultiAnswer> {
    const { principal, accountId, instrument = null } = command;
    this.desk.authorise(principal, accountId, 'trade');
    const orders = await this.desk.submit({ kind: 'cancel-all', accountId, instrument });
    return { items: orders.map((order) => ({ status: 200, order })) };
  }

  async get(query: { principal: Principal; accountId: string; orderId: string }): Promise<Order> {
    const { principal, accountId, orderId } = query;
    this.desk.authorise(principal, accountId, 'read');
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
    this.desk.authorise(principal, accountId, 'read');
    const order = await this.stored.byClientOrderId(accountId, clientOrderId);
    if (order !== null) return order;
    throw tradingProblem('TRADING_ORDER_UNKNOWN', {
      detail: `no order with client order id ${JSON.stringify(clientOrderId).slice(0, 80)} in this account`,
    });
  }

  async list(query: { principal: Principal; accountId: string } & OrderQuery): Promise<Page<Order>> {
    this.desk.authorise(query.principal, query.accountId, 'read');
    return this.stored.list(query.accountId, query);
  }
}

/** The `n`th order of a batch as the desk takes it, or what is wrong with it. */
function placeCommand(accountId: string, order: PlaceOrder, n: number): PlaceCommand | Problem {
  try {
    const content = orderContent(order, `/orders/${n}`);
    const clientOrderId = order.clientOrderId ?? null;
    return {
      kind: 'place',
      accountId,
      content,
      contentHash: contentHash(content, null),
      clientOrderId,
      strategyId: null,
    };
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function itemOf(outcome: PlaceOutcome | Problem): MultiItem {
  if (outcome instanceof Problem) return { status: outcome.status, problem: outcome.toDocument() };
  if ('problem' in outcome) return itemOf(outcome.problem);
  const { order, replayed } = outcome.answer;
  return { status: replayed ? 200 : 201, order };
}
