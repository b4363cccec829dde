import { Injectable } from '@nestjs/common';
import type { Page, PageQuery } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { IdempotencyRepository } from '../accounts/idempotency.repository.js';
import type { AnswerKey } from '../desk/account-acts.js';
import {
  type OrderList,
  OrderLists,
  type PlaceOrderList,
  type SubmitListAnswer,
} from '../contract/order-lists.js';
import { Desk } from '../desk/desk.service.js';
import { unknownList } from '../desk/place-list.js';
import { listContent, listHash } from './list-content.js';
import { OrderListsRepository } from './order-lists.repository.js';

/** Linked orders in and out: who may, what is meant, and then the desk. */
@Injectable()
export class OrderListsService extends OrderLists {
  constructor(
    private readonly desk: Desk,
    private readonly stored: OrderListsRepository,
    private readonly keys: IdempotencyRepository,
  ) {
    super();
  }

  async submit(command: {
    principal: Principal;
    accountId: string;
    list: PlaceOrderList;
    idempotencyKey?: string;
  }): Promise<SubmitListAnswer> {
    const { principal, accountId, idempotencyKey } = command;
    this.desk.authorise(principal, accountId, 'trade');
    const list = listContent(command.list);
    const contentHash = listHash(list);
    const scope = `order-list:${accountId}`;
    const key: AnswerKey | null =
      idempotencyKey === undefined ? null : { scope, key: idempotencyKey, contentHash };
    let replayed = true;
    const answer = await this.keys.once(key, async () => {
      const outcome = await this.desk.submit({
        kind: 'place-list',
        accountId,
        list,
        contentHash,
        answerKey: key,
      });
      if ('problem' in outcome) throw outcome.problem;
      if ('replayedId' in outcome) return this.byId(accountId, outcome.replayedId);
      replayed = false;
      return outcome.list;
    });
    return { list: answer, replayed };
  }

  async get(query: { principal: Principal; accountId: string; listId: string }): Promise<OrderList> {
    this.desk.authorise(query.principal, query.accountId, 'read');
    return this.byId(query.accountId, query.listId);
  }

  async list(query: { principal: Principal; accountId: string } & PageQuery): Promise<Page<OrderList>> {
    this.desk.authorise(query.principal, query.accountId, 'read');
    return this.stored.list(query.accountId, query);
  }

  async cancel(command: { principal: Principal; accountId: string; listId: string }): Promise<OrderList> {
    const { principal, accountId, listId } = command;
    this.desk.authorise(principal, accountId, 'trade');
    await this.desk.submit({ kind: 'cancel-list', accountId, listId });
    return this.byId(accountId, listId);
  }

  private async byId(accountId: string, listId: string): Promise<OrderList> {
    const list = await this.stored.byId(accountId, listId);
    if (list === null) throw unknownList(listId);
    return list;
  }
}
