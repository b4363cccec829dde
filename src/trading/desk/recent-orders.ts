import type { OrderRecord } from '../orders/order.js';

/**
 * Orders placed or closed lately, so that a repeated request or a late cancel need not ask the database.
 * Bounded: the oldest leave first, and whoever misses one asks the database.
 */
export class RecentOrders {
  private readonly byId = new Map<string, OrderRecord>();
  private readonly byClientId = new Map<string, OrderRecord>();

  constructor(readonly sizeMax: number) {}

  get size(): number {
    return this.byId.size;
  }

  add(order: OrderRecord): void {
    const { id, clientOrderId, accountId } = order.terms;
    this.byId.set(keyOf(accountId, id), order);
    this.byClientId.set(keyOf(accountId, clientOrderId), order);
    if (this.byId.size <= this.sizeMax) return;
    const [oldest] = this.byId.values();
    this.byId.delete(keyOf(oldest.terms.accountId, oldest.terms.id));
    this.byClientId.delete(keyOf(oldest.terms.accountId, oldest.terms.clientOrderId));
  }

  get(accountId: string, id: string): OrderRecord | undefined {
    return this.byId.get(keyOf(accountId, id));
  }

  byClientOrderId(accountId: string, clientOrderId: string): OrderRecord | undefined {
    return this.byClientId.get(keyOf(accountId, clientOrderId));
  }

  clear(): void {
    this.byId.clear();
    this.byClientId.clear();
  }
}

function keyOf(accountId: string, id: string): string {
  return `${accountId} ${id}`;
}
