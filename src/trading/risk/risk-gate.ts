import { Problem } from '../../kernel/errors.js';
import { tradingProblem } from '../contract/errors.js';
import type { RiskVerdict } from '../contract/orders.js';
import type { Denial } from '../orders/order.js';
import * as account from './account-rules.js';
import * as instrument from './instrument-rules.js';
import * as conduct from './conduct-rules.js';
import * as exposure from './exposure-rules.js';
import * as global from './global-rules.js';
import * as loss from './loss-rules.js';
import type { RiskScene } from './risk-scene.js';
import { type DenialCode, type Facts, factsOf, type Rule } from './rule.js';
import * as state from './state-rules.js';

/**
 * Every rule an order must pass, in the order they are asked: what it is, whether anything may be done now, its form,
 * its price, whether it can be paid, and last the limits. The first that says no denies.
 */
export const rules: readonly Rule[] = [
  instrument.instrumentKnown,
  instrument.instrumentTrading,
  conduct.numbersSound,
  global.globalState,
  state.tradingState,
  loss.dailyLoss,
  loss.drawdown,
  loss.locked,
  state.markFresh,
  instrument.priceStep,
  instrument.quantityStep,
  instrument.quantityMinimum,
  instrument.notionalMinimum,
  state.reduceOnly,
  account.priceCollar,
  account.freeBalance,
  account.quantityMaximum,
  account.notionalMaximum,
  account.positionLimit,
  account.grossExposure,
  exposure.netExposure,
  exposure.concentration,
  exposure.leverage,
  account.openOrders,
  account.orderRate,
  conduct.selfTrade,
  conduct.duplicate,
  global.globalNotional,
  global.globalGrossExposure,
  global.globalNetExposure,
  global.globalOpenOrders,
  global.globalOrderRate,
];

/** What is asked of an order the desk itself sends to close a position: it may go out whatever the limits say. */
export const closingRules: readonly Rule[] = [
  instrument.instrumentKnown,
  instrument.instrumentTrading,
  instrument.quantityStep,
  instrument.quantityMinimum,
  instrument.notionalMinimum,
  state.reduceOnly,
];

/** What an order is: asked of every amendment, and of an order that waits for another. */
export const formRules: readonly Rule[] = [
  instrument.instrumentKnown,
  conduct.numbersSound,
  instrument.priceStep,
  instrument.quantityStep,
  instrument.quantityMinimum,
  instrument.notionalMinimum,
];

/** What is asked of the part an amendment adds. Amendments have a rate of their own. */
export const rulesForAmending: readonly Rule[] = rules.filter(
  (rule) => !formRules.includes(rule) && rule !== account.orderRate && rule !== global.globalOrderRate,
);

/** Null when every rule lets the order pass, else the denial of the first that does not. */
export function denialOf(scene: RiskScene, asked: readonly Rule[] = rules): Denial | null {
  for (const rule of asked) {
    const found = rule.judge(scene);
    if (found.ok) continue;
    const facts = factsOf(found);
    return { code: found.code, detail: sentence(facts, found.advice), facts };
  }
  return null;
}

/** What every rule says; for `check`. */
export function verdictsOf(scene: RiskScene): RiskVerdict[] {
  return rules.map((rule) => {
    const found = rule.judge(scene);
    return { rule: rule.name, ok: found.ok, code: found.ok ? null : found.code, facts: factsOf(found) };
  });
}

/** The denial as the problem its sender gets, today and whenever the same order is sent again. */
export function denialProblem(denial: Denial): Problem {
  return tradingProblem(denial.code as DenialCode, { detail: denial.detail, facts: denial.facts });
}

/** `TRADING_NOTIONAL_TOO_LARGE: notional=12500 limit=10000; send a smaller order …`, at most 500 characters. */
export function denialReason(denial: Denial): string {
  return `${denial.code}: ${denial.detail}`.slice(0, 500);
}

function sentence(facts: Facts, advice: string): string {
  const numbers = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  return `${numbers}; ${advice}`;
}
