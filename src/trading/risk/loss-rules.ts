import { toRfc3339 } from '../../kernel/time.js';
import { lockOn } from './protections.js';
import { finding, type Rule } from './rule.js';

/** Nothing is opened once the account has lost what it may; leaving stays possible. */
export const dailyLoss: Rule = {
  name: 'daily-loss',
  judge: (scene) => {
    const limit = scene.account.limits.dailyLoss;
    if (limit === null || scene.opening.isZero()) {
      return finding(true, 'TRADING_DAILY_LOSS', { loss: null, limit }, '');
    }
    const losses = scene.losses();
    return finding(
      losses !== null && losses.dailyLoss.lt(limit),
      'TRADING_DAILY_LOSS',
      { loss: losses?.dailyLoss ?? null, limit },
      losses === null ? unknown : 'wait for the next day (00:00 UTC), or raise dailyLoss',
    );
  },
};

export const drawdown: Rule = {
  name: 'drawdown',
  judge: (scene) => {
    const limit = scene.account.limits.maxDrawdown?.toFloat() ?? null;
    if (limit === null || scene.opening.isZero()) {
      return finding(true, 'TRADING_DRAWDOWN', { drawdown: null, limit }, '');
    }
    const losses = scene.losses();
    return finding(
      losses !== null && losses.drawdown < limit,
      'TRADING_DRAWDOWN',
      { drawdown: losses?.drawdown ?? null, limit },
      losses === null
        ? unknown
        : 'set the risk state to active to begin anew from here, or raise maxDrawdown',
    );
  },
};

/** A protection keeps the instrument, or all of them, from being opened for a time. */
export const locked: Rule = {
  name: 'locked',
  judge: ({ account, order, opening, nowMs }) => {
    const { locks } = account.memory;
    const lock = locks.length === 0 || opening.isZero() ? null : lockOn(locks, order.instrument, nowMs);
    return finding(
      lock === null,
      'TRADING_LOCKED',
      {
        kind: lock?.kind ?? null,
        instrument: lock?.instrument ?? null,
        until: lock && toRfc3339(lock.untilMs),
        reason: lock?.reason ?? null,
      },
      'wait until then, or DELETE …/risk/locks/{id}; orders that reduce are taken meanwhile',
    );
  },
};

const unknown = 'something the account holds cannot be valued now; wait for its market';
