import type { Problem } from '../../kernel/errors.js';
import { denialProblem } from '../risk/risk-gate.js';
import type { Command } from './commands.js';
import type { DeskStore } from './desk-store.js';
import type { FirstOrder, PlaceOutcome } from './place-order.js';

/**
 * After a commit of unknown outcome and a reload: an order that is stored was placed, and its sender is told so; of
 * anything else nobody can say. Answers null for a command of which nothing is known.
 */
export async function whatBecameOf(
  command: Command,
  store: DeskStore,
  unknown: () => Problem,
): Promise<PlaceOutcome | PlaceOutcome[] | null> {
  switch (command.kind) {
    case 'place':
    case 'close-position':
      return command.orderId === undefined ? null : placedAs(command.accountId, command.orderId, store);
    case 'place-batch': {
      const outcomes: PlaceOutcome[] = [];
      for (const { accountId, orderId } of command.orders) {
        const placed = orderId === undefined ? null : await placedAs(accountId, orderId, store);
        outcomes.push(placed ?? { problem: unknown(), replayed: false });
      }
      return outcomes;
    }
    default:
      return null;
  }
}

async function placedAs(accountId: string, orderId: string, store: DeskStore): Promise<PlaceOutcome | null> {
  const found = await store.orderById(accountId, orderId);
  return found === null ? null : outcomeOf(found);
}

function outcomeOf({ order, denial }: FirstOrder): PlaceOutcome {
  return denial === null
    ? { answer: { order, replayed: false } }
    : { problem: denialProblem(denial), replayed: false };
}
