import { Problem } from '../../kernel/errors.js';
import type { DeskState } from './desk-state.js';
import type { Journal } from './journal.js';
import { type PlaceCommand, placeOrder, type PlaceOutcome } from './place-order.js';
import { isUnsettled, settleLists } from './settle-lists.js';

/** Many orders of one account, one after the other and stored together. */
export interface PlaceBatchCommand {
  readonly kind: 'place-batch';
  readonly accountId: string;
  readonly orders: readonly PlaceCommand[];
}

/** What became of each, in order; each is judged by what those before it have done. */
export function placeBatch(desk: DeskState, { orders }: PlaceBatchCommand, journal: Journal): PlaceOutcome[] {
  return orders.map((order) => {
    try {
      return placeOrder(desk, order, journal);
    } catch (error) {
      // A problem left no trace, so the next one is none the worse for it.
      if (!(error instanceof Problem)) throw error;
      return { problem: error, replayed: false };
    } finally {
      if (isUnsettled(journal)) settleLists(desk, journal);
    }
  });
}
