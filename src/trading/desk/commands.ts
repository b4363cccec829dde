import { invariant } from '../../kernel/invariant.js';
import type { Account, Transfer } from '../contract/accounts.js';
import type { Order } from '../contract/orders.js';
import type { OrderRecord } from '../orders/order.js';
import type { DeadManSwitch, RiskLock, RiskState, VersionedRiskLimits } from '../contract/risk.js';
import {
  type BindCommand,
  bindToReplay,
  createAccount,
  type CreateAccountCommand,
  type ReleaseCommand,
  releaseFromReplay,
  transfer,
  type TransferCommand,
} from './account-acts.js';
import {
  archiveAccount,
  archived,
  type ArchiveAccountCommand,
  resetAccount,
  type ResetAccountCommand,
} from './account-life.js';
import { cancelAll, type CancelAllCommand, type CancelCommand, cancelOrder } from './cancel-orders.js';
import { type AmendCommand, amendOrder } from './amend-order.js';
import { closePosition, type ClosePositionCommand } from './close-position.js';
import { setDeadMan, type SetDeadManCommand } from './dead-man.js';
import type { DeskState } from './desk-state.js';
import { type ClockCommand, clockStep, runDue } from './due.js';
import type { Journal } from './journal.js';
import {
  cancelList,
  type CancelListCommand,
  placeList,
  type PlaceListCommand,
  type PlaceListOutcome,
} from './place-list.js';
import { type MarketCommand, marketStep } from './market-step.js';
import { updateAccount, type UpdateAccountCommand } from './update-account.js';
import { protect, unlock, type UnlockCommand } from './protect.js';
import { isUnsettled, settleLists } from './settle-lists.js';
import { type FundingCommand, payFunding } from './pay-funding.js';
import { placeBatch, type PlaceBatchCommand } from './place-batch.js';
import { type PlaceCommand, placeOrder, type PlaceOutcome } from './place-order.js';
import {
  setLimits,
  type SetLimitsCommand,
  setState,
  type SetStateCommand,
  standDown,
  type StandDownCommand,
} from './risk-acts.js';

/** Everything the single writer does, by kind, with what it answers. */
export interface Answers {
  place: PlaceOutcome;
  cancel: Order;
  amend: Order;
  'place-batch': PlaceOutcome[];
  'place-list': PlaceListOutcome;
  'cancel-list': OrderRecord[];
  'close-position': PlaceOutcome;
  'cancel-all': Order[];
  'create-account': Account;
  'update-account': Account;
  'reset-account': Account;
  'archive-account': Account;
  transfer: Transfer;
  funding: boolean;
  'set-limits': VersionedRiskLimits;
  'set-state': RiskState;
  'stand-down': void;
  'set-dead-man': DeadManSwitch;
  unlock: RiskLock;
  bind: boolean;
  release: void;
  market: void;
  clock: void;
}

export type Command =
  | PlaceCommand
  | PlaceBatchCommand
  | PlaceListCommand
  | CancelListCommand
  | AmendCommand
  | ClosePositionCommand
  | CancelCommand
  | CancelAllCommand
  | CreateAccountCommand
  | UpdateAccountCommand
  | ResetAccountCommand
  | ArchiveAccountCommand
  | TransferCommand
  | FundingCommand
  | SetLimitsCommand
  | SetStateCommand
  | StandDownCommand
  | SetDeadManCommand
  | UnlockCommand
  | BindCommand
  | ReleaseCommand
  | MarketCommand
  | ClockCommand;

export type CommandKind = Command['kind'];
export type AnswerOf<C extends Command> = Answers[C['kind']];

const urgent: ReadonlySet<CommandKind> = new Set<CommandKind>([
  'cancel',
  'cancel-all',
  'cancel-list',
  'set-state',
  'stand-down',
  'set-dead-man',
  'release',
  // What is due by the clock: orders that end, a dead man's switch that lapses.
  'clock',
]);

/** Cancels and halts: they overtake everything else and are never refused for a full queue. */
export function isUrgent({ kind }: Command): boolean {
  return urgent.has(kind);
}

/** Whatever would change a book that is closed for good. Cancels find nothing and pass. */
const refusedOnceArchived: ReadonlySet<CommandKind> = new Set<CommandKind>([
  'place',
  'place-batch',
  'place-list',
  'amend',
  'close-position',
  'transfer',
  'reset-account',
  'set-limits',
  'set-state',
  'set-dead-man',
  'unlock',
]);

/** Runs one command over memory. A problem it throws left no trace; anything else taints the whole batch. */
export function execute(desk: DeskState, command: Command, journal: Journal): Answers[CommandKind] {
  const account = 'accountId' in command ? desk.accounts.get(command.accountId) : undefined;
  const fills = journal.fills.length;
  try {
    // Its own clock comes before whatever is asked of an account.
    if (account !== undefined) {
      runDue({ desk, accounts: [account], journal }, account.tools.clock.nowMs());
      if (account.archivedAtMs !== null && refusedOnceArchived.has(command.kind)) throw archived(account.id);
    }
    return executed(desk, command, journal);
  } finally {
    // A refused command may still have found an order whose time was up.
    if (isUnsettled(journal)) settleLists(desk, journal);
    if (journal.fills.length > fills) protect(desk, journal, fills);
  }
}

function executed(desk: DeskState, command: Command, journal: Journal): Answers[CommandKind] {
  switch (command.kind) {
    case 'place':
      return placeOrder(desk, command, journal);
    case 'place-batch':
      return placeBatch(desk, command, journal);
    case 'place-list':
      return placeList(desk, command, journal);
    case 'cancel-list':
      return cancelList(desk, command, journal);
    case 'amend':
      return amendOrder(desk, command, journal);
    case 'close-position':
      return closePosition(desk, command, journal);
    case 'cancel':
      return cancelOrder(desk, command, journal);
    case 'cancel-all':
      return cancelAll(desk, command, journal);
    case 'create-account':
      return createAccount(desk, command, journal);
    case 'update-account':
      return updateAccount(desk, command, journal);
    case 'reset-account':
      return resetAccount(desk, command, journal);
    case 'archive-account':
      return archiveAccount(desk, command, journal);
    case 'funding':
      return payFunding(desk, command, journal);
    case 'transfer':
      return transfer(desk, command, journal);
    case 'set-limits':
      return setLimits(desk, command, journal);
    case 'set-state':
      return setState(desk, command, journal);
    case 'stand-down':
      return standDown(desk, command, journal);
    case 'set-dead-man':
      return setDeadMan(desk, command, journal);
    case 'unlock':
      return unlock(desk, command, journal);
    case 'bind':
      return bindToReplay(desk, command, journal);
    case 'release':
      return releaseFromReplay(desk, command, journal);
    case 'market':
      return marketStep(desk, command, journal);
    case 'clock':
      return clockStep(desk, command, journal);
    default:
      return invariant(false, 'a command is of a known kind', { kind: (command as Command).kind });
  }
}
