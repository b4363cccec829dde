import type { OrderRecord } from '../orders/order.js';

/**
 * Orders placed or closed lately, so that a repeated request or a late cancel need not ask the database.
 * Bounded: the oldest leave first, and whoever misses one asks the database.
 */
export class RecentOrders {
  private readonly byId = new Map<string, OrderRecord>();
  /** Only orders whose owner named them: the others go by their id. */
  private readonly byClientId = new Map<string, OrderRecord>();
  /**
   * The same orders by age, the oldest at `next` once it is full. A Map knows its order too, but looking for its first
   * member steps over all that were deleted before it.
   */
  private readonly ring: OrderRecord[] = [];
  private next = 0;

  constructor(readonly sizeMax: number) {}

  get size(): number {
    return this.byId.size;
  }

  add(order: OrderRecord): void {
    const { id, clientOrderId } = order.terms;
    if (this.byId.has(id)) return;
    this.byId.set(id, order);
    if (clientOrderId !== id) this.byClientId.set(keyOf(order), order);
    if (this.ring.length < this.sizeMax) {
      this.ring.push(order);
      return;
    }
    const oldest = this.ring[this.next];
    this.byId.delete(oldest.terms.id);
    if (oldest.terms.clientOrderId !== oldest.terms.id) this.byClientId.delete(keyOf(oldest));
    this.ring[this.next] = order;
    this.next = (this.next + 1) % this.sizeMax;
  }

  get(accountId: string, id: string): OrderRecord | undefined {
    const order = this.byId.get(id);
    return order?.terms.accountId === accountId ? order : undefined;
  }

  byClientOrderId(accountId: string, clientOrderId: string): OrderRecord | undefined {
    const named = this.byClientId.get(`${accountId} ${clientOrderId}`);
    if (named !== undefined) return named;
    const order = this.get(accountId, clientOrderId);
    return order?.terms.clientOrderId === clientOrderId ? order : undefined;
  }

  clear(): void {
    this.byId.clear();
    this.byClientId.clear();
    this.ring.length = 0;
    this.next = 0;
  }
}

function keyOf({ terms: { accountId, clientOrderId } }: OrderRecord): string {
  return `${accountId} ${clientOrderId}`;
}
