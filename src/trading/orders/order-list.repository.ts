import { Injectable } from '@nestjs/common';
import { problem } from '../../kernel/errors.js';
import type { Page } from '../../kernel/page.js';
import { Database } from '../../platform/database/database.service.js';
import type { Order, OrderQuery } from '../contract/orders.js';
import { orderOfRow, type OrderRow, openStatuses } from './order-rows.js';
import { orderView } from './order.js';

const limitDefault = 100;

/** Reads stored orders; what it answers is committed. */
@Injectable()
export class OrderListRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. Throws REQUEST_INVALID for a cursor that is none of ours. */
  async list(accountId: string, query: OrderQuery): Promise<Page<Order>> {
    const limit = query.limit ?? limitDefault;
    const status =
      query.status === 'open'
        ? `AND status IN ${openStatuses}`
        : query.status === 'closed'
          ? `AND status NOT IN ${openStatuses}`
          : '';
    const { rows } = await this.database.query<OrderRow>(
      `SELECT * FROM trading.orders
       WHERE account_id = $1 AND ($2::text IS NULL OR id < $2) AND ($3::text IS NULL OR instrument = $3) ${status}
       ORDER BY id DESC LIMIT $4`,
      [accountId, before(query.cursor), query.instrument ?? null, limit + 1],
      `desk_order_list_${query.status ?? 'all'}`,
    );
    const items = rows.slice(0, limit).map((row) => orderView(orderOfRow(row)));
    const last = items.at(-1);
    return { items, nextCursor: rows.length > limit && last ? cursorOf(last.id) : null };
  }

  async byClientOrderId(accountId: string, clientOrderId: string): Promise<Order | null> {
    const { rows } = await this.database.query<OrderRow>(
      'SELECT * FROM trading.orders WHERE account_id = $1 AND client_order_id = $2',
      [accountId, clientOrderId],
      'desk_order_by_client_id',
    );
    return rows.length === 0 ? null : orderView(orderOfRow(rows[0]));
  }

  async byId(accountId: string, orderId: string): Promise<Order | null> {
    const { rows } = await this.database.query<OrderRow>(
      'SELECT * FROM trading.orders WHERE account_id = $1 AND id = $2',
      [accountId, orderId],
      'desk_order_by_id',
    );
    return rows.length === 0 ? null : orderView(orderOfRow(rows[0]));
  }
}

function cursorOf(id: string): string {
  return Buffer.from(`o1 ${id}`).toString('base64url');
}

function before(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const match = /^o1 ([0-9A-Z]{26})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match !== null) return match[1];
  const detail = 'cursor is not one this list gave out; start again without it';
  throw problem('REQUEST_INVALID', { detail, errors: [{ pointer: '?cursor', detail }] });
}
