import type { DomainEvent } from '../../kernel/events.js';

/**
 * One entry of an account's gap-free log, already committed. Key: account id.
 * `data` of the inner event is what REST answers for the thing it is about (order, fill, position, balances, risk state).
 */
export type AccountChanged = DomainEvent<
  'trading.account-changed',
  {
    accountId: string;
    owner: string;
    seq: number;
    type: string;
    timeMs: number;
    data: Record<string, unknown>;
  }
>;
