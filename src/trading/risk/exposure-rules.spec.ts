import { describe, expect, it } from 'vitest';
import { aBook } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { RiskLimits } from '../contract/risk.js';

function onMargin(limits: RiskLimits): TestAccount {
  const account = new TestAccount({ type: 'margin', balances: { USD: '1000' } });
  account.market({ book: aBook('100') });
  account.limits(limits);
  return account;
}
const outcome = (act: () => { status: string }): unknown => {
  try {
    return act().status;
  } catch (problem) {
    const { code, content } = problem as { code: string; content: { facts: object } };
    return [code, content.facts];
  }
};

describe('net exposure', () => {
  it('counts what is held and the open orders of the same side, and lets the other side balance it', () => {
    const account = onMargin({ maxNetExposure: '300' });
    account.place({ side: 'sell', quantity: '1' });
    account.limit('sell', '1', '100');
    expect(outcome(() => account.limit('sell', '1.5', '100'))).toEqual([
      'TRADING_NET_EXPOSURE_TOO_LARGE',
      { exposure: '-350', limit: '300' },
    ]);
    expect(outcome(() => account.limit('buy', '4', '99'))).toBe('accepted');
    expect(outcome(() => account.limit('buy', '0.1', '99'))).toEqual([
      'TRADING_NET_EXPOSURE_TOO_LARGE',
      { exposure: '305.9', limit: '300' },
    ]);
  });
});

describe('concentration', () => {
  it('is the share of equity that would hang on one instrument', () => {
    const account = onMargin({ maxConcentration: 0.5 });
    expect(outcome(() => account.limit('buy', '5', '100'))).toBe('accepted');
    expect(outcome(() => account.limit('buy', '0.1', '100'))).toEqual([
      'TRADING_CONCENTRATION_TOO_HIGH',
      { share: 0.51, limit: 0.5 },
    ]);
  });
});

describe('leverage', () => {
  it('is gross exposure in multiples of equity', () => {
    const account = onMargin({ maxLeverage: 0.5 });
    account.limit('buy', '2', '100');
    account.limit('sell', '2', '100');
    expect(outcome(() => account.limit('buy', '2', '100'))).toEqual([
      'TRADING_LEVERAGE_TOO_HIGH',
      { leverage: 0.6, limit: 0.5 },
    ]);
  });

  it('lets a position shrink however high it is', () => {
    const account = onMargin({});
    account.place({ side: 'sell', quantity: '5' });
    account.limits({ maxLeverage: 0.01, maxNetExposure: '1', maxConcentration: 0.001 });
    expect(outcome(() => account.place({ quantity: '5' }))).toBe('filled');
  });
});
