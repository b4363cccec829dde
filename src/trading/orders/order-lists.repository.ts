import { Injectable } from '@nestjs/common';
import { problem } from '../../kernel/errors.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import { Database } from '../../platform/database/database.service.js';
import type { OrderList } from '../contract/order-lists.js';
import { listView } from './list-view.js';
import { orderOfRow, type OrderRow } from './order-rows.js';
import { orderView } from './order.js';

const limitDefault = 100;

/** Reads stored lists; what it answers is committed. */
@Injectable()
export class OrderListsRepository {
  constructor(private readonly database: Database) {}

  async byId(accountId: string, listId: string): Promise<OrderList | null> {
    const { rows } = await this.database.query<OrderRow>(
      'SELECT * FROM trading.orders WHERE account_id = $1 AND list_id = $2 ORDER BY id',
      [accountId, listId],
      'desk_list_by_id',
    );
    return listsOf(rows)[0] ?? null;
  }

  /** Newest first. Throws REQUEST_INVALID for a cursor that is none of ours. */
  async list(accountId: string, { limit = limitDefault, cursor }: PageQuery): Promise<Page<OrderList>> {
    const { rows } = await this.database.query<OrderRow>(
      `SELECT o.* FROM (
         SELECT DISTINCT list_id FROM trading.orders
         WHERE account_id = $1 AND list_id IS NOT NULL AND ($2::text IS NULL OR list_id < $2)
         ORDER BY list_id DESC LIMIT $3
       ) l JOIN trading.orders o ON o.account_id = $1 AND o.list_id = l.list_id
       ORDER BY o.list_id DESC, o.id`,
      [accountId, before(cursor), limit + 1],
      'desk_lists',
    );
    const lists = listsOf(rows);
    const items = lists.slice(0, limit);
    const last = items.at(-1);
    return { items, nextCursor: lists.length > limit && last ? cursorOf(last.id) : null };
  }
}

function listsOf(rows: readonly OrderRow[]): OrderList[] {
  const byList = new Map<string, OrderRow[]>();
  for (const row of rows) {
    const { id } = row.list!;
    const members = byList.get(id);
    if (members === undefined) byList.set(id, [row]);
    else members.push(row);
  }
  return [...byList.values()].map((members) =>
    listView(
      members.map((row) => orderView(orderOfRow(row))),
      members[0].list!,
    ),
  );
}

function cursorOf(id: string): string {
  return Buffer.from(`l1 ${id}`).toString('base64url');
}

function before(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const match = /^l1 ([0-9A-Z]{26})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match !== null) return match[1];
  const detail = 'cursor is not one this list gave out; start again without it';
  throw problem('REQUEST_INVALID', { detail, errors: [{ pointer: '?cursor', detail }] });
}
