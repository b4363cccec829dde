import type { Decimal } from '../../kernel/decimal.js';
import { finding, type Rule } from './rule.js';
import { orderKey } from './duplicate-guard.js';

/** How an order behaves beside those before it, and that its numbers are numbers. */
export const numbersSound: Rule = {
  name: 'numbers-sound',
  judge: ({ order, mark }) => {
    const { quantity, limitPrice, triggerPrice } = order;
    const positive = (price: Decimal | null): boolean => price === null || price.isPositive();
    return finding(
      !quantity.isNegative() && positive(limitPrice) && positive(triggerPrice) && positive(mark),
      'TRADING_NUMBER_INVALID',
      {
        quantity,
        limitPrice,
        triggerPrice,
        mark,
      },
      'quantities and prices are above 0; wait until the feed shows a price again',
    );
  },
};

/** The same order once more within a moment, where nobody named it: a double click, or a retry that should have had an id. */
export const duplicate: Rule = {
  name: 'duplicate',
  judge: ({ account, order, nowMs }) => {
    const limitMs = account.limits.duplicateWindowMs;
    const asked = limitMs !== null && order.unnamed === true;
    const ageMs = asked ? account.lately.ageOf(orderKey(order), nowMs) : null;
    return finding(
      ageMs === null || limitMs === null || ageMs >= limitMs,
      'TRADING_DUPLICATE_ORDER',
      { ageMs, limitMs },
      'the same order was just taken; send a clientOrderId to say that it is another one, or lower duplicateWindowMs',
    );
  },
};

/** An order that would meet one of its owner's own on the other side: venues forbid it, and it only pays fees. */
export const selfTrade: Rule = {
  name: 'self-trade',
  judge: ({ account, order, shared }) => {
    const scope = account.limits.selfTrade;
    const price = order.limitPrice ?? order.reaches ?? null;
    if (scope === null || price === null || order.triggerPrice !== null) {
      return finding(true, 'TRADING_SELF_TRADE', { price, own: null, scope }, '');
    }
    const side = order.side === 'buy' ? 'sell' : 'buy';
    const siblings = scope === 'owner' && shared !== null ? shared.siblings(account) : [account];
    let own: Decimal | null = null;
    for (const { open } of siblings) {
      const best = open.ladder(order.instrument).best(side);
      if (best === null) continue;
      own = own === null ? best : side === 'sell' ? own.min(best) : own.max(best);
    }
    const meets = own !== null && (order.side === 'buy' ? price.gte(own) : price.lte(own));
    return finding(
      !meets,
      'TRADING_SELF_TRADE',
      { price, own: own, scope },
      'cancel the order of your own it would meet, name a price short of it, or switch selfTrade off',
    );
  },
};
