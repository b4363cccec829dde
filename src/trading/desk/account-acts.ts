import { Decimal } from '../../kernel/decimal.js';
import { problem } from '../../kernel/errors.js';
import { liveSession } from '../../kernel/events.js';
import { UlidIds } from '../../kernel/ids.js';
import { SeededRandom } from '../../kernel/random.js';
import { toRfc3339 } from '../../kernel/time.js';
import { AccountState, type AccountTerms } from '../accounts/account-state.js';
import { accountView } from '../accounts/account-view.js';
import type { Account, Transfer, TransferRequest } from '../contract/accounts.js';
import type { RiskLimits } from '../contract/risk.js';
import { tradingProblem } from '../contract/errors.js';
import { withdrawable } from '../risk/account-worth.js';
import { limitDefaults } from '../risk/limits.js';
import { bookTransfer } from './booking.js';
import { cancelOpen } from './cancel-open.js';
import { accountOf, type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';
import { apartFromLosses } from './measure-losses.js';
import { disarm } from './dead-man.js';
import { setLimits } from './risk-acts.js';

/** Assets an account may come to hold by deposits; each is valued with every margin order. */
export const assetsMax = 200;

/** Where the answer of a creating command is kept, so that the same key gets it again. */
export interface AnswerKey {
  readonly scope: string;
  readonly key: string;
  readonly contentHash: string;
}

export interface CreateAccountCommand {
  readonly kind: 'create-account';
  readonly accountId: string;
  readonly terms: Omit<AccountTerms, 'createdAtMs'>;
  /** Of the account it is a clone of; left out: the defaults. */
  readonly limits?: Required<RiskLimits>;
  readonly actor: string;
  readonly answerKey: AnswerKey | null;
}

export interface TransferCommand {
  readonly kind: 'transfer';
  readonly accountId: string;
  readonly transfer: TransferRequest;
  readonly answerKey: AnswerKey | null;
}

export interface BindCommand {
  readonly kind: 'bind';
  readonly accountId: string;
  readonly replayId: string;
  readonly fromMs: number;
  readonly seed: number;
  /** Place of the account in the replay's list: unlike its id it is the same in every run. */
  readonly ordinal: number;
}

export interface ReleaseCommand {
  readonly kind: 'release';
  readonly accountId: string;
  /** Null: whatever replay it is bound to. */
  readonly replayId: string | null;
}

export function createAccount(desk: DeskState, command: CreateAccountCommand, journal: Journal): Account {
  const timeMs = desk.live.clock.nowMs();
  const account = new AccountState({ ...command.terms, createdAtMs: timeMs }, limitDefaults, desk.live);
  desk.accounts.set(account.id, account);
  journal.newAccounts.add(account);
  journal.event(account, 'account-created', timeMs, accountView(account));
  if (command.limits !== undefined) {
    setLimits(
      desk,
      { kind: 'set-limits', accountId: account.id, changes: command.limits, actor: command.actor },
      journal,
    );
  }
  for (const [asset, amount] of account.initialBalances()) {
    if (amount.isZero()) continue;
    bookTransfer(account, journal, { id: desk.live.ids.next(), kind: 'deposit', asset, amount, timeMs });
  }
  return answered(journal, command.answerKey, accountView(account), timeMs);
}

/** Throws REQUEST_CONFLICT for one asset too many, TRADING_BALANCE_TOO_LOW when a withdrawal is more than is free, or than what is held on margin leaves. */
export function transfer(desk: DeskState, command: TransferCommand, journal: Journal): Transfer {
  const account = accountOf(desk, command.accountId);
  const { kind, asset } = command.transfer;
  const amount = Decimal.of(command.transfer.amount);
  if (kind === 'deposit' && !account.totals.has(asset) && account.totals.size >= assetsMax) {
    throw problem('REQUEST_CONFLICT', {
      detail: `the account has held ${account.totals.size} assets and ${assetsMax} are allowed; deposit one of those, or open another account`,
      facts: { assets: account.totals.size, limit: assetsMax },
    });
  }
  if (kind === 'withdrawal') {
    const free = withdrawable(account, asset, marketOf(desk, account.session));
    if (amount.gt(free)) {
      const how = account.terms.type === 'margin' ? 'close positions' : 'cancel open orders';
      throw tradingProblem('TRADING_BALANCE_TOO_LOW', {
        detail: `amount=${amount} free=${free} ${asset}; withdraw less, or ${how} that hold the balance`,
        facts: { asset, amount: amount.toString(), free: free.toString() },
      });
    }
  }
  const timeMs = account.tools.clock.nowMs();
  const id = account.tools.ids.next();
  const signed = kind === 'deposit' ? amount : amount.negated();
  apartFromLosses(desk, account, { asset, amount: signed }, () =>
    bookTransfer(account, journal, { id, kind, asset, amount, timeMs }),
  );
  if (account.measure !== null) journal.changedAccounts.add(account);
  const answer = { id, kind, asset, amount: amount.toString(), time: toRfc3339(timeMs) };
  return answered(journal, command.answerKey, answer, timeMs);
}

/**
 * Takes the account out of the live market into a replay: its open orders are cancelled, its clock is the replay's,
 * its ids come from the replay's seed. The first replay to bind an account keeps it; answers whether this one did.
 */
export function bindToReplay(desk: DeskState, command: BindCommand, journal: Journal): boolean {
  const account = accountOf(desk, command.accountId);
  if (account.session === command.replayId) return true;
  if (account.session !== liveSession || account.archivedAtMs !== null) return false;
  for (const order of [...account.open.all()]) cancelOpen(account, order, 'replay_started', journal);
  // It was set by the wall clock, and the orders it guards are gone.
  disarm(account, journal);
  const market = marketOf(desk, command.replayId);
  market.advance(command.fromMs);
  const clock = { nowMs: () => market.nowMs, monotonicMs: () => market.nowMs };
  // A second replay of the same account must not repeat the ids of the first.
  const seed = `${command.seed}:${command.ordinal}:${account.replays}`;
  account.tools = { session: command.replayId, clock, ids: new UlidIds(clock, new SeededRandom(seed)) };
  account.replays += 1;
  account.clockChanged();
  sessionChanged(account, journal);
  return true;
}

/** Back to the live market; orders of the replay must not meet it, so they are cancelled. Positions stay as they are. */
export function releaseFromReplay(desk: DeskState, command: ReleaseCommand, journal: Journal): void {
  const account = accountOf(desk, command.accountId);
  const { session } = account;
  if (session === liveSession || (command.replayId !== null && session !== command.replayId)) return;
  for (const order of [...account.open.all()]) cancelOpen(account, order, 'replay_ended', journal);
  disarm(account, journal);
  desk.sessions.get(session)?.forget(account.id);
  account.tools = desk.live;
  account.clockChanged();
  sessionChanged(account, journal);
  if (![...desk.accounts.values()].some((other) => other.session === session)) desk.sessions.delete(session);
}

function sessionChanged(account: AccountState, journal: Journal): void {
  journal.changedAccounts.add(account);
  journal.event(account, 'session-changed', account.tools.clock.nowMs(), accountView(account));
}

export function answered<T extends object>(
  journal: Journal,
  key: AnswerKey | null,
  answer: T,
  createdMs: number,
): T {
  if (key !== null) journal.keys.push({ ...key, answer, createdMs });
  return answer;
}
