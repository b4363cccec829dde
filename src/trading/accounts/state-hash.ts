import { createHash } from 'node:crypto';
import { orderView } from '../orders/order.js';
import type { AccountState } from './account-state.js';

/**
 * One text for everything durable about an account. Equal before a stop and after a start, or the start was wrong.
 * Order rates, queue positions and remembered liquidity are market memory and no part of it.
 */
export function stateHash(account: AccountState): string {
  const positions = [...account.positions.values()].toSorted((a, b) =>
    a.instrument < b.instrument ? -1 : 1,
  );
  const orders = [...account.open.all()].map((order) => ({
    ...orderView(order),
    hash: order.terms.contentHash,
    notional: order.filledNotional,
  }));
  const state = {
    terms: { ...account.terms, fillModel: sorted(account.terms.fillModel) },
    session: account.session,
    replays: account.replays,
    seq: account.seq,
    ledgerSeq: account.ledgerSeq,
    latch: account.latch,
    limits: sorted(account.limitView),
    orders: orders.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    positions,
    totals: [...account.totals]
      .filter(([, total]) => !total.isZero())
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  };
  return createHash('sha256').update(JSON.stringify(state)).digest('hex');
}

function sorted(record: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
