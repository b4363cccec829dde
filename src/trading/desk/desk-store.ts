import type { AccountState, SessionTools } from '../accounts/account-state.js';
import type { Journal } from './journal.js';
import type { FirstOrder } from './place-order.js';

/** The rows behind one partition. */
export abstract class DeskStore {
  /** Rebuilds every account of the partition. `toolsOf`: clock and ids for an account stored under a session. */
  abstract load(toolsOf: (accountId: string, session: string) => SessionTools): Promise<AccountState[]>;
  /**
   * Writes the journal as one transaction. When it throws, nothing or everything may be stored: the caller must
   * `settle` and load again before it goes on.
   */
  abstract commit(journal: Journal): Promise<void>;
  /** After a commit of unknown outcome: makes sure that the session which sent it can no longer write. */
  abstract settle(): Promise<void>;
  /** First orders by client order id. Key: `accountId clientOrderId`. */
  abstract firstOrders(
    wanted: readonly { accountId: string; clientOrderId: string }[],
  ): Promise<Map<string, FirstOrder>>;
  abstract orderById(accountId: string, orderId: string): Promise<FirstOrder | null>;
}
