import { createHash } from 'node:crypto';
import { orderView } from '../orders/order.js';
import type { AccountState } from './account-state.js';

/**
 * One text for everything durable about an account. Equal before a stop and after a start, or the start was wrong.
 * Order rates, queue positions and remembered liquidity are market memory and no part of it.
 */
export function stateHash(account: AccountState): string {
  const orders = [...account.open.all()].map((order) => ({
    ...orderView(order),
    contentHash: order.terms.contentHash,
    filledNotional: order.filledNotional,
    list: order.terms.list,
    inactive: order.inactive,
    inFlight: order.inFlight,
  }));
  const state = {
    terms: account.terms,
    grants: account.grants,
    version: account.version,
    began: account.began,
    archivedAtMs: account.archivedAtMs,
    session: account.session,
    replays: account.replays,
    seq: account.seq,
    ledgerSeq: account.ledgerSeq,
    latch: account.latch,
    limits: account.limitView,
    limitsVersion: account.limitsVersion,
    flattening: account.memory.flattening,
    liquidating: account.memory.liquidating,
    marginWarned: account.memory.marginWarned,
    deadMan: account.memory.deadMan,
    locks: account.memory.locks,
    orders: orders.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    positions: Object.fromEntries(account.positions),
    totals: Object.fromEntries([...account.totals].filter(([, total]) => !total.isZero())),
  };
  return createHash('sha256').update(JSON.stringify(state, byName)).digest('hex');
}

/** Objects with their fields in one order, however they were put together. */
function byName(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
