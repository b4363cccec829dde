import { finding, type Rule } from './rule.js';

/** What the state of the account and of the market allow. Reducing is let through wherever it can be. */
export const tradingState: Rule = {
  name: 'trading-state',
  judge: ({ account, order, reducible, opening }) => {
    const { state, reason } = account.latch;
    const facts = { state, reason, quantity: order.quantity, reducible };
    if (state === 'reducing') {
      return finding(
        opening.isZero(),
        'TRADING_STATE_REDUCING',
        facts,
        'only orders that shrink what is held are taken, up to reducible',
      );
    }
    return finding(
      state === 'active',
      'TRADING_STATE_HALTED',
      facts,
      'somebody halted this account; set its risk state to active when the reason is gone',
    );
  },
};

export const reduceOnly: Rule = {
  name: 'reduce-only',
  judge: ({ order, reducible, opening }) =>
    finding(
      !order.reduceOnly || opening.isZero(),
      'TRADING_REDUCE_ONLY',
      { quantity: order.quantity, reducible },
      'send at most reducible, or leave reduceOnly out',
    ),
};

/** No price, or one too old on the feed's clock, is no ground to open on. Leaving stays possible. */
export const markFresh: Rule = {
  name: 'mark-fresh',
  judge: ({ market, mark, nowMs, opening, order }) => {
    const ageMs = market === null || mark === null ? null : Math.max(0, nowMs - market.timeMs);
    const limitMs = market?.staleAfterMs ?? null;
    const fresh = market !== null && mark !== null && !market.isStale(nowMs);
    // A notional without any price could not be turned into a quantity, so not even reducing is possible.
    const reduces = opening.isZero() && order.quantity.isPositive();
    return finding(
      fresh || reduces,
      'TRADING_MARK_STALE',
      { ageMs, limitMs },
      'wait for the market data to come back; orders that reduce are taken meanwhile',
    );
  },
};
