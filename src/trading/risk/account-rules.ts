import { Decimal } from '../../kernel/decimal.js';
import { isWorse } from '../venues/paper/paper-venue.js';
import type { RiskScene } from './risk-scene.js';
import { type Finding, finding, type Rule } from './rule.js';

/**
 * What the account's limits and its money allow. Amounts in base currency; a limit of null is off.
 * How large an order may be is asked only of one that opens something: whoever wants out gets out whole.
 */
export const quantityMaximum: Rule = {
  name: 'quantity-maximum',
  judge: ({ account, order, opening }) => {
    const limit = account.limits.maxOrderQuantity;
    return finding(
      limit === null || opening.isZero() || order.quantity.lte(limit),
      'TRADING_QUANTITY_TOO_LARGE',
      { quantity: order.quantity, limit },
      'send a smaller order or raise maxOrderQuantity',
    );
  },
};

export const notionalMaximum: Rule = {
  name: 'notional-maximum',
  judge: (scene) => {
    const limit = scene.account.limits.maxOrderNotional;
    const notional = inBaseCurrency(scene, scene.notional);
    const unasked = limit === null || scene.opening.isZero() || scene.notional === null;
    return finding(
      unasked || (notional !== null && notional.lte(limit)),
      'TRADING_NOTIONAL_TOO_LARGE',
      { notional, limit },
      notional === null
        ? 'no market says what the quote asset is worth in the base currency of the account'
        : 'send a smaller order or raise maxOrderNotional',
    );
  },
};

/** Only prices that would pay too much or sell too cheap: a patient price far away harms nobody. */
export const priceCollar: Rule = {
  name: 'price-collar',
  judge: ({ account, order, expectedMark: mark }) => {
    const collar = account.limits.priceCollar;
    const { limitPrice, side } = order;
    if (collar === null || limitPrice === null || mark === null) {
      return finding(true, 'TRADING_PRICE_COLLAR', { limitPrice, mark: mark, limit: null }, '');
    }
    const worst = mark.times(side === 'buy' ? Decimal.one.plus(collar) : Decimal.one.minus(collar));
    return finding(
      !isWorse(side, limitPrice, worst),
      'TRADING_PRICE_COLLAR',
      { limitPrice, mark: mark, limit: worst },
      'name a price nearer to the mark or widen priceCollar',
    );
  },
};

export const freeBalance: Rule = {
  name: 'free-balance',
  judge: (scene) => (scene.account.terms.type === 'margin' ? marginBalance(scene) : cashBalance(scene)),
};

function cashBalance(scene: RiskScene): Finding {
  const { order, instrument } = scene;
  if (instrument === null)
    return finding(true, 'TRADING_BALANCE_INSUFFICIENT', { needed: null, free: null }, '');
  const asset = order.side === 'buy' ? instrument.quote : instrument.base;
  const costs = order.side === 'buy' ? order.cost : order.quantity;
  const needed = order.stepsBack ? Decimal.zero : costs;
  const free = scene.free(asset);
  return finding(
    needed === null || needed.lte(free),
    'TRADING_BALANCE_INSUFFICIENT',
    { asset, needed, free },
    'send a smaller order, cancel open orders that hold the balance, or deposit',
  );
}

/** The initial margin and fees of everything held and ordered are covered by equity. Reducing always is. */
function marginBalance(scene: RiskScene): Finding {
  const { order, opening, account } = scene;
  const asked = scene.marginNeeded()?.plus(order.beside ?? Decimal.zero) ?? null;
  const needed = opening.isZero() ? Decimal.zero : inBaseCurrency(scene, asked);
  const equity = scene.equity();
  const used = scene.marginUsed();
  const free = equity === null || used === null ? null : equity.minus(used);
  return finding(
    opening.isZero() || order.cost === null || (needed !== null && free !== null && needed.lte(free)),
    'TRADING_BALANCE_INSUFFICIENT',
    { asset: account.terms.baseCurrency, needed, free, leverage: account.terms.leverage },
    'send a smaller order, cancel open orders, close positions, or deposit',
  );
}

export const positionLimit: Rule = {
  name: 'position-limit',
  judge: (scene) => {
    const limit = scene.account.limits.maxPosition;
    const after = scene.positionAfter;
    const before = scene.account.position(scene.order.instrument).quantity;
    const { price } = scene;
    const notional = price === null ? null : inBaseCurrency(scene, price.times(after.abs()));
    const grows = after.abs().gt(before.abs()) && !scene.sellsOwned;
    return finding(
      limit === null || !grows || price === null || (notional !== null && notional.lte(limit)),
      'TRADING_POSITION_TOO_LARGE',
      { position: after, notional, limit },
      'send a smaller order or raise maxPosition',
    );
  },
};

export const grossExposure: Rule = {
  name: 'gross-exposure',
  judge: (scene) => {
    const limit = scene.account.limits.maxGrossExposure;
    const { opening, price } = scene;
    if (limit === null || price === null || opening.isZero() || scene.sellsOwned) {
      return finding(true, 'TRADING_EXPOSURE_TOO_LARGE', { exposure: null, limit }, '');
    }
    const added = inBaseCurrency(scene, price.times(opening));
    const now = scene.grossExposure();
    const exposure = added === null || now === null ? null : now.plus(added);
    return finding(
      exposure !== null && exposure.lte(limit),
      'TRADING_EXPOSURE_TOO_LARGE',
      { exposure, limit },
      exposure === null
        ? 'a position cannot be valued now; wait for its market or close it'
        : 'send a smaller order, close positions, or raise maxGrossExposure',
    );
  },
};

/** A market order never rests, so it is never one too many. */
export const openOrders: Rule = {
  name: 'open-orders',
  judge: ({ account, order, openOrders: open }) => {
    const limit = account.limits.maxOpenOrders;
    return finding(
      limit === null || order.type === 'market' || open < limit,
      'TRADING_OPEN_ORDERS_TOO_MANY',
      { open, limit },
      'cancel some or raise maxOpenOrders',
    );
  },
};

export const orderRate: Rule = {
  name: 'order-rate',
  judge: ({ account, nowMs }) => {
    const limit = account.limits.maxOrdersPerSecond;
    const left = limit === null ? null : Math.floor(account.rate.available(nowMs, limit));
    return finding(
      left === null || left >= 1,
      'TRADING_ORDER_RATE',
      { left, limit },
      'send fewer orders a second or raise maxOrdersPerSecond',
    );
  },
};

function inBaseCurrency(scene: RiskScene, amount: Decimal | null): Decimal | null {
  const rate = scene.quoteRate;
  return amount === null || rate === null ? null : amount.times(rate);
}
