import type { Decimal } from '../../kernel/decimal.js';
import { type DenialCode, type Finding, finding, type Rule } from './rule.js';
import type { RiskScene } from './risk-scene.js';
import { currency } from './shared-exposure.js';
import type { SharedLimits } from './shared-risk.js';

/** What is asked of all accounts of the live market together. Amounts in US dollars. A replay knows none of it. */
export const globalState: Rule = {
  name: 'global-state',
  judge: ({ shared, opening }) => {
    const { state, reason } = shared?.latch ?? { state: 'active', reason: null };
    const reduces = state === 'reducing' && opening.isZero();
    return finding(
      state === 'active' || reduces,
      'TRADING_GLOBAL_STATE',
      { state, reason },
      state === 'reducing'
        ? 'an operator lets accounts only reduce; orders that shrink what is held are taken'
        : 'an operator halted trading for all accounts; wait until it is active again',
    );
  },
};

export const globalNotional: Rule = {
  name: 'global-notional',
  judge: (scene) => {
    const limit = limitOf(scene, 'maxOrderNotional');
    if (limit === null || scene.opening.isZero()) return passes('TRADING_GLOBAL_NOTIONAL', limit);
    const notional = inDollars(scene, scene.notional);
    return finding(
      notional !== null && notional.lte(limit),
      'TRADING_GLOBAL_NOTIONAL',
      { notional, limit },
      'send a smaller order; an operator set this limit for all accounts',
    );
  },
};

export const globalGrossExposure: Rule = {
  name: 'global-gross-exposure',
  judge: (scene) => {
    const limit = limitOf(scene, 'maxGrossExposure');
    if (limit === null || scene.opening.isZero() || scene.sellsOwned)
      return passes('TRADING_GLOBAL_EXPOSURE', limit);
    const now = without(scene, scene.shared!.exposure(scene.session).gross);
    const added = inDollars(scene, scene.price?.times(scene.opening) ?? null);
    const exposure = now && added && now.plus(added);
    return finding(
      exposure !== null && exposure.lte(limit),
      'TRADING_GLOBAL_EXPOSURE',
      { exposure, limit },
      exposure === null
        ? 'what all accounts hold cannot be valued now; wait for the markets'
        : 'all accounts together hold and have ordered that much; wait, or send a smaller order',
    );
  },
};

export const globalNetExposure: Rule = {
  name: 'global-net-exposure',
  judge: (scene) => {
    const limit = limitOf(scene, 'maxNetExposure');
    if (limit === null || scene.opening.isZero() || scene.sellsOwned)
      return passes('TRADING_GLOBAL_NET_EXPOSURE', limit);
    const { net, openBuys, openSells } = scene.shared!.exposure(scene.session);
    const ordered = inDollars(scene, scene.notional);
    const buys = scene.order.side === 'buy';
    const open = without(scene, buys ? openBuys : openSells);
    const more = open && ordered && open.plus(ordered);
    const exposure = net && more && (buys ? net.plus(more) : net.minus(more));
    return finding(
      exposure !== null && exposure.abs().lte(limit),
      'TRADING_GLOBAL_NET_EXPOSURE',
      { exposure, limit },
      exposure === null
        ? 'what all accounts hold cannot be valued now; wait for the markets'
        : 'all accounts together lean that far to this side; wait, or send a smaller order',
    );
  },
};

/** A market order never rests, so it is never one too many. */
export const globalOpenOrders: Rule = {
  name: 'global-open-orders',
  judge: ({ shared, order }) => {
    const limit = shared?.limits.maxOpenOrders ?? null;
    const open = limit === null ? null : shared!.openOrders() - (order.replaces?.orders ?? 0);
    return finding(
      limit === null || order.type === 'market' || open! < limit,
      'TRADING_GLOBAL_OPEN_ORDERS',
      { open, limit },
      'all accounts together have that many open orders; cancel some',
    );
  },
};

export const globalOrderRate: Rule = {
  name: 'global-order-rate',
  judge: ({ shared, nowMs }) => {
    const limit = shared?.limits.maxOrdersPerSecond ?? null;
    const left = limit === null ? null : Math.floor(shared!.rate.available(nowMs, limit));
    return finding(
      left === null || left >= 1,
      'TRADING_GLOBAL_ORDER_RATE',
      { left, limit },
      'all accounts together send that many orders a second; send again in a moment',
    );
  },
};

type AmountName = 'maxOrderNotional' | 'maxGrossExposure' | 'maxNetExposure';

function limitOf({ shared }: RiskScene, name: AmountName): SharedLimits[AmountName] {
  return shared?.limits[name] ?? null;
}

function passes(code: DenialCode, limit: Decimal | null): Finding {
  return finding(true, code, { limit }, '');
}

/** Less what the order takes the place of, which was counted already. */
function without(scene: RiskScene, amount: Decimal | null): Decimal | null {
  const { replaces } = scene.order;
  if (replaces === null || amount === null) return amount;
  const replaced = inDollars(scene, replaces.notional);
  return replaced && amount.minus(replaced);
}

function inDollars({ instrument, session }: RiskScene, amount: Decimal | null): Decimal | null {
  const rate = instrument === null ? null : session.rate(instrument.quote, currency);
  return amount && rate && amount.times(rate);
}
