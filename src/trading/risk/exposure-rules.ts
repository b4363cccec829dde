import { Decimal } from '../../kernel/decimal.js';
import { netExposureOf } from './account-worth.js';
import type { RiskScene } from './risk-scene.js';
import { finding, type Rule } from './rule.js';

/** How far the account as a whole may lean, lean on one thing, and lean on its equity. Amounts in base currency. */
export const netExposure: Rule = {
  name: 'net-exposure',
  judge: (scene) => {
    const limit = scene.account.limits.maxNetExposure;
    if (limit === null || scene.opening.isZero() || scene.sellsOwned) {
      return finding(true, 'TRADING_NET_EXPOSURE_TOO_LARGE', { exposure: null, limit }, '');
    }
    const { side, replaces } = scene.order;
    const now = netExposureOf(scene.account, scene.session, side);
    const ordered = scene.inBaseCurrency(scene.notional?.minus(replaces?.notional ?? Decimal.zero) ?? null);
    const exposure = now && ordered && (side === 'buy' ? now.plus(ordered) : now.minus(ordered));
    return finding(
      exposure !== null && exposure.abs().lte(limit),
      'TRADING_NET_EXPOSURE_TOO_LARGE',
      { exposure, limit },
      exposure === null ? unknown : 'send a smaller order, close positions, or raise maxNetExposure',
    );
  },
};

export const concentration: Rule = {
  name: 'concentration',
  judge: (scene) => {
    const limit = scene.account.limits.maxConcentration;
    const share = limit === null ? null : shareOfEquity(scene, heldAfter(scene));
    const grows = !scene.opening.isZero() && !scene.sellsOwned;
    return finding(
      limit === null || !grows || (share !== null && share.lte(limit)),
      'TRADING_CONCENTRATION_TOO_HIGH',
      { share: ratio(share), limit: ratio(limit) },
      'so much of the equity may not hang on one instrument; send a smaller order or raise maxConcentration',
    );
  },
};

export const leverage: Rule = {
  name: 'leverage',
  judge: (scene) => {
    const limit = scene.account.limits.maxLeverage;
    if (limit === null || scene.opening.isZero() || scene.sellsOwned) {
      return finding(true, 'TRADING_LEVERAGE_TOO_HIGH', { leverage: null, limit: ratio(limit) }, '');
    }
    const added = scene.inBaseCurrency(scene.price?.times(scene.opening) ?? null);
    const gross = scene.grossExposure();
    const times = shareOfEquity(scene, gross && added && gross.plus(added));
    return finding(
      times !== null && times.lte(limit),
      'TRADING_LEVERAGE_TOO_HIGH',
      { leverage: ratio(times), limit: ratio(limit) },
      times === null ? unknown : 'send a smaller order, close positions, deposit, or raise maxLeverage',
    );
  },
};

const unknown = 'something the account holds cannot be valued now; wait for its market or close it';

function heldAfter(scene: RiskScene): Decimal | null {
  return scene.inBaseCurrency(scene.price?.times(scene.positionAfter.abs()) ?? null);
}

/** Null when there is no equity to compare with, or nobody can tell. */
function shareOfEquity(scene: RiskScene, amount: Decimal | null): Decimal | null {
  const equity = scene.worth();
  return amount === null || equity === null || !equity.isPositive() ? null : amount.div(equity, 9, 'up');
}

function ratio(value: Decimal | null): number | null {
  return value?.toFloat() ?? null;
}
