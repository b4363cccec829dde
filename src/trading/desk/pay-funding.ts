import type { Decimal } from '../../kernel/decimal.js';
import { liveSession } from '../../kernel/events.js';
import type { FundingRate } from '../ledger/funding.js';
import { bookFunding } from './booking.js';
import { accountOf, type DeskState } from './desk-state.js';
import type { Journal } from './journal.js';

export interface FundingCommand {
  readonly kind: 'funding';
  readonly accountId: string;
  readonly rate: FundingRate;
  /** Signed, what was held then: by the fills up to this entry of the account's log. */
  readonly quantity: Decimal;
  readonly heldSeq: number;
}

/** Pays or receives. Answers false, and does nothing, where the account has gone to a replay meanwhile. */
export function payFunding(desk: DeskState, command: FundingCommand, journal: Journal): boolean {
  const account = accountOf(desk, command.accountId);
  if (account.session !== liveSession || account.archivedAtMs !== null) return false;
  return bookFunding(account, journal, command);
}
