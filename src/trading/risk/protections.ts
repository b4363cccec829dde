import { Decimal } from '../../kernel/decimal.js';
import type { RiskProtections } from '../contract/risk.js';

export type LockKind = 'cooldown' | 'stop_loss_guard' | 'low_profit' | 'max_drawdown';

/** A fill, or several at once, that closed a position or a part of one. */
export interface Exit {
  readonly timeMs: number;
  readonly instrument: string;
  /** What it realised, before fees; base currency. */
  readonly profit: string;
  /** By a stop. */
  readonly stopped: boolean;
  /** Nothing was left, or the other side was taken. */
  readonly flat: boolean;
}

/** Nothing is opened while it holds. */
export interface Lock {
  readonly id: string;
  readonly kind: LockKind;
  /** Null: all of them. */
  readonly instrument: string | null;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly reason: string;
}

export type NewLock = Omit<Lock, 'id' | 'sinceMs'>;

/** Exits remembered of an account; a window that holds more counts the newest of them. */
export const exitsMax = 200;

/** What the newest exit calls for. `exits`: oldest first; `equity`: base currency, null while nobody can tell. */
export function locksAfter(
  exits: readonly Exit[],
  protections: RiskProtections,
  equity: Decimal | null,
): NewLock[] {
  const newest = exits[exits.length - 1];
  const { timeMs: nowMs, instrument } = newest;
  const within = (seconds: number): Exit[] => exits.filter(({ timeMs }) => timeMs > nowMs - seconds * 1000);
  const locks: NewLock[] = [];
  const lock = (kind: LockKind, of: string | null, seconds: number, reason: string): void =>
    void locks.push({ kind, instrument: of, untilMs: nowMs + seconds * 1000, reason });

  const { cooldownSeconds = null, stopLossGuard = null, lowProfit = null, maxDrawdown = null } = protections;
  if (cooldownSeconds !== null && newest.flat) {
    lock('cooldown', instrument, cooldownSeconds, `left ${instrument}`);
  }
  if (stopLossGuard !== null) {
    const { stops, withinSeconds, lockSeconds } = stopLossGuard;
    const count = within(withinSeconds).filter(isStopLoss).length;
    // Counted at the stop itself, so that the lock is not drawn out by every exit after it.
    if (isStopLoss(newest) && count >= stops)
      lock('stop_loss_guard', null, lockSeconds, `${count} stops in ${withinSeconds} s`);
  }
  if (lowProfit !== null) {
    const { trades, withinSeconds, minimumProfit, lockSeconds } = lowProfit;
    const own = within(withinSeconds).filter((exit) => exit.instrument === instrument);
    const profit = total(own);
    if (own.length >= trades && profit.lt(Decimal.of(minimumProfit)))
      lock('low_profit', instrument, lockSeconds, `${profit} earned in ${own.length} exits`);
  }
  if (maxDrawdown !== null && equity !== null && equity.isPositive()) {
    const { ratio, withinSeconds, lockSeconds } = maxDrawdown;
    const fall = fallFromPeak(within(withinSeconds)).div(equity, 9, 'down').toFloat();
    if (fall >= ratio) lock('max_drawdown', null, lockSeconds, `realised profit fell by ${fall} of equity`);
  }
  return locks;
}

/** The lock that keeps an instrument from being opened now; the one that lasts longest. */
export function lockOn(locks: readonly Lock[], instrument: string, nowMs: number): Lock | null {
  let found: Lock | null = null;
  for (const lock of locks) {
    if (lock.untilMs <= nowMs || (lock.instrument !== null && lock.instrument !== instrument)) continue;
    if (found === null || lock.untilMs > found.untilMs) found = lock;
  }
  return found;
}

function isStopLoss({ stopped, profit }: Exit): boolean {
  return stopped && Decimal.of(profit).isNegative();
}

function total(exits: readonly Exit[]): Decimal {
  return exits.reduce((sum, { profit }) => sum.plus(Decimal.of(profit)), Decimal.zero);
}

/** How far Σ profit lies below its highest. */
function fallFromPeak(exits: readonly Exit[]): Decimal {
  let sum = Decimal.zero;
  let peak = Decimal.zero;
  for (const { profit } of exits) {
    sum = sum.plus(Decimal.of(profit));
    peak = peak.max(sum);
  }
  return peak.minus(sum);
}
