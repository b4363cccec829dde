import { Decimal } from '../../kernel/decimal.js';
import type { RiskScene } from './risk-scene.js';

/** The codes a rule may deny with; each is in the module's catalogue. */
export type DenialCode =
  | 'TRADING_INSTRUMENT_UNKNOWN'
  | 'TRADING_INSTRUMENT_NOT_TRADING'
  | 'TRADING_PRICE_STEP'
  | 'TRADING_QUANTITY_STEP'
  | 'TRADING_QUANTITY_TOO_SMALL'
  | 'TRADING_NOTIONAL_TOO_SMALL'
  | 'TRADING_QUANTITY_TOO_LARGE'
  | 'TRADING_NOTIONAL_TOO_LARGE'
  | 'TRADING_PRICE_COLLAR'
  | 'TRADING_BALANCE_INSUFFICIENT'
  | 'TRADING_POSITION_TOO_LARGE'
  | 'TRADING_EXPOSURE_TOO_LARGE'
  | 'TRADING_OPEN_ORDERS_TOO_MANY'
  | 'TRADING_ORDER_RATE'
  | 'TRADING_MARK_STALE'
  | 'TRADING_STATE_REDUCING'
  | 'TRADING_STATE_HALTED'
  | 'TRADING_REDUCE_ONLY'
  | 'TRADING_NUMBER_INVALID'
  | 'TRADING_NET_EXPOSURE_TOO_LARGE'
  | 'TRADING_CONCENTRATION_TOO_HIGH'
  | 'TRADING_LEVERAGE_TOO_HIGH'
  | 'TRADING_DUPLICATE_ORDER'
  | 'TRADING_SELF_TRADE'
  | 'TRADING_DAILY_LOSS'
  | 'TRADING_DRAWDOWN'
  | 'TRADING_LOCKED'
  | 'TRADING_GLOBAL_STATE'
  | 'TRADING_GLOBAL_NOTIONAL'
  | 'TRADING_GLOBAL_EXPOSURE'
  | 'TRADING_GLOBAL_NET_EXPOSURE'
  | 'TRADING_GLOBAL_OPEN_ORDERS'
  | 'TRADING_GLOBAL_ORDER_RATE';

export type Facts = Record<string, string | number | null>;

/** What a rule found: the number, its limit, and, when it denies, what to do about it. */
export interface Finding {
  readonly ok: boolean;
  readonly code: DenialCode;
  /** Numbers as they were reckoned: most findings let pass and are told to nobody, see `factsOf`. */
  readonly facts: Readonly<Record<string, Decimal | string | number | null>>;
  readonly advice: string;
}

/** One rule, one question. It always answers, so that a check can show every number. */
export interface Rule {
  readonly name: string;
  readonly judge: (scene: RiskScene) => Finding;
}

export function finding(ok: boolean, code: DenialCode, facts: Finding['facts'], advice: string): Finding {
  return { ok, code, facts, advice };
}

/** The facts of a finding as they are told and kept. */
export function factsOf({ facts }: Finding): Facts {
  const told: Facts = {};
  for (const [name, value] of Object.entries(facts)) {
    told[name] = value instanceof Decimal ? value.toString() : value;
  }
  return told;
}
