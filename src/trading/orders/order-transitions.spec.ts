import { describe, expect, it } from 'vitest';
import { orderStatuses, type OrderStatus } from '../contract/orders.js';
import { afterFill, isTerminal, mayMove, moved } from './order-transitions.js';

/** The table as people write it down, kept apart from the code on purpose. */
const allowed: Record<OrderStatus, string> = {
  initialized: 'denied submitted',
  denied: '',
  submitted: 'accepted triggered partially_filled filled canceled rejected expired',
  accepted: 'triggered partially_filled filled canceled expired rejected',
  triggered: 'partially_filled filled canceled expired rejected',
  partially_filled: 'partially_filled filled canceled expired',
  filled: '',
  canceled: '',
  rejected: '',
  expired: '',
};

const pairs = orderStatuses.flatMap((from) => orderStatuses.map((to) => ({ from, to })));

describe('the life of an order', () => {
  it('has an answer for every pair of statuses', () => {
    expect(pairs).toHaveLength(100);
  });

  it.each(pairs)('moves from $from to $to exactly when the table says so', ({ from, to }) => {
    const may = allowed[from].split(' ').includes(to);
    expect(mayMove(from, to)).toBe(may);
    if (may) expect(moved(from, to)).toBe(to);
    else expect(() => moved(from, to)).toThrow('order moves by the table');
  });

  it.each(orderStatuses)('calls %s closed exactly when nothing follows', (status) => {
    expect(isTerminal(status)).toBe(allowed[status] === '');
  });

  it.each(['canceled', 'rejected', 'expired'] as const)(
    'lets a late fill count on a %s order without giving it a new life',
    (status) => {
      expect(afterFill(status, false)).toEqual({ status, late: true });
      expect(afterFill(status, true)).toEqual({ status: 'filled', late: true });
    },
  );

  it.each(['denied', 'filled', 'initialized'] as const)('accepts no fill at all on a %s order', (status) => {
    expect(() => afterFill(status, false)).toThrow('order moves by the table');
  });
});
