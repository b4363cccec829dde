import { finding, type Rule, text } from './rule.js';

/** Nothing is opened once the account has lost what it may; leaving stays possible. */
export const dailyLoss: Rule = {
  name: 'daily-loss',
  judge: (scene) => {
    const limit = scene.account.limits.dailyLoss;
    if (limit === null || scene.opening.isZero()) {
      return finding(true, 'TRADING_DAILY_LOSS', { loss: null, limit: text(limit) }, '');
    }
    const losses = scene.losses();
    return finding(
      losses !== null && losses.dailyLoss.lt(limit),
      'TRADING_DAILY_LOSS',
      { loss: text(losses?.dailyLoss ?? null), limit: text(limit) },
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

const unknown = 'something the account holds cannot be valued now; wait for its market';
