import { Decimal } from '../../kernel/decimal.js';
import type { OrderStatus, OrderType, Side, TimeInForce, TriggerSource } from '../contract/orders.js';
import { inFlightOf, type StoredInFlight } from './in-flight.js';
import { type Denial, type ListMembership, OrderRecord, type OrderTerms } from './order.js';

/** A row of trading.orders as the driver reads it: numeric as text, int8 as number. */
export interface OrderRow {
  readonly account_id: string;
  readonly id: string;
  readonly client_order_id: string;
  readonly content_hash: string;
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly time_in_force: TimeInForce;
  readonly quantity: string;
  readonly limit_price: string | null;
  readonly trigger_price: string | null;
  readonly trigger_by: TriggerSource | null;
  readonly trailing_offset: { price: string } | { percent: string } | null;
  readonly expire_ms: number | null;
  readonly list: ListMembership | null;
  readonly inactive_quantity: string | null;
  readonly in_flight: StoredInFlight | null;
  readonly post_only: boolean;
  readonly reduce_only: boolean;
  readonly fee_rate: string | null;
  readonly strategy_id: string | null;
  readonly tags: string[];
  readonly status: OrderStatus;
  readonly filled_quantity: string;
  readonly filled_notional: string;
  readonly fees: Record<string, string>;
  readonly status_reason: string | null;
  readonly denial: Denial | null;
  readonly created_ms: number;
  readonly updated_ms: number;
  readonly version: number;
}

export const openStatuses = `('submitted', 'accepted', 'triggered', 'partially_filled')`;

export function orderOfRow(row: OrderRow): OrderRecord {
  return OrderRecord.restored(
    {
      id: row.id,
      clientOrderId: row.client_order_id,
      accountId: row.account_id,
      instrument: row.instrument,
      side: row.side,
      type: row.type,
      timeInForce: row.time_in_force,
      quantity: Decimal.of(row.quantity),
      limitPrice: numberOf(row.limit_price),
      triggerPrice: numberOf(row.trigger_price),
      triggerBy: row.trigger_by,
      trailing: trailingOf(row.trailing_offset),
      expireAtMs: row.expire_ms,
      postOnly: row.post_only,
      reduceOnly: row.reduce_only,
      feeRate: numberOf(row.fee_rate),
      strategyId: row.strategy_id,
      tags: row.tags,
      list: row.list,
      createdAtMs: row.created_ms,
      contentHash: row.content_hash,
    },
    {
      status: row.status,
      filledQuantity: Decimal.of(row.filled_quantity),
      filledNotional: Decimal.of(row.filled_notional),
      fees: new Map(Object.entries(row.fees).map(([asset, amount]) => [asset, Decimal.of(amount)])),
      statusReason: row.status_reason,
      denial: row.denial,
      inFlight: inFlightOf(row.in_flight),
      inactive: numberOf(row.inactive_quantity) ?? Decimal.zero,
      updatedAtMs: row.updated_ms,
      version: row.version,
    },
  );
}

function numberOf(text: string | null): Decimal | null {
  return text === null ? null : Decimal.of(text);
}

function trailingOf(stored: OrderRow['trailing_offset']): OrderTerms['trailing'] {
  if (stored === null) return null;
  return 'price' in stored ? { price: Decimal.of(stored.price) } : { percent: Decimal.of(stored.percent) };
}
