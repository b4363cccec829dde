import { describe, expect, it } from 'vitest';
import { OrderRecord } from '../orders/order.js';
import { RecentOrders } from './recent-orders.js';

const order = (n: number): OrderRecord =>
  new OrderRecord({
    id: `id-${n}`,
    clientOrderId: `mine-${n}`,
    accountId: 'account-1',
  } as OrderRecord['terms']);

describe('orders remembered for a while', () => {
  it('are forgotten oldest first, under both their names, however often the bound is gone round', () => {
    const recent = new RecentOrders(3);
    for (let n = 1; n <= 10; n += 1) {
      recent.add(order(n));
      const kept = Array.from({ length: 10 }, (_, i) => i + 1).filter((i) =>
        recent.get('account-1', `id-${i}`),
      );
      expect(kept).toEqual([n - 2, n - 1, n].filter((i) => i > 0));
      expect(kept).toEqual(
        Array.from({ length: 10 }, (_, i) => i + 1).filter((i) =>
          recent.byClientOrderId('account-1', `mine-${i}`),
        ),
      );
      expect(recent.size).toBe(Math.min(n, 3));
    }
  });

  it('begin anew when memory is read again', () => {
    const recent = new RecentOrders(2);
    for (const n of [1, 2, 3]) recent.add(order(n));
    recent.clear();
    expect([recent.size, recent.get('account-1', 'id-3')]).toEqual([0, undefined]);
    for (const n of [4, 5, 6]) recent.add(order(n));
    expect([4, 5, 6].filter((n) => recent.get('account-1', `id-${n}`))).toEqual([5, 6]);
  });
});
