import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { decide, thresholdDefaults, type Opinion, type Situation } from './threshold.js';

const anOpinion = (over: Partial<Opinion> = {}): Opinion => ({
  candleTimeMs: 300_000,
  close: d('100'),
  horizon: 12,
  probabilityUp: 0.6,
  expectedReturn: 0.01,
  expectedVolatility: 0.005,
  trustOk: true,
  ...over,
});
const flat = (over: Partial<Situation> = {}): Situation => ({
  position: Decimal.zero,
  averagePrice: Decimal.zero,
  equity: d('10000'),
  busy: false,
  mayShort: false,
  lotSize: d('0.001'),
  minimumNotional: d('5'),
  takerFee: d('0.001'),
  ...over,
});
const longFrom = (averagePrice: string): Situation =>
  flat({ position: d('10'), averagePrice: d(averagePrice) });
const entered = { candleTimeMs: 0, volatility: 0.005, barsHeld: 0 };

describe('threshold strategy', () => {
  it('buys a tenth of equity when probability and edge pass', () => {
    const { intent, entry } = decide(thresholdDefaults, anOpinion(), flat(), null);
    expect(intent).toMatchObject({ side: 'buy', reduceOnly: false, because: 'enter-long' });
    expect(intent?.quantity.toString()).toBe('10');
    expect(entry).toEqual({ candleTimeMs: 300_000, volatility: 0.005, barsHeld: 0 });
  });

  it('halves the size when volatility doubles', () => {
    const { intent } = decide(thresholdDefaults, anOpinion({ expectedVolatility: 0.01 }), flat(), null);
    expect(intent?.quantity.toString()).toBe('5');
  });

  it.each([
    ['probability is too low', anOpinion({ probabilityUp: 0.54 }), flat()],
    ['the return does not pay the round trip', anOpinion({ expectedReturn: 0.0019 }), flat()],
    ['the model does not trust itself', anOpinion({ trustOk: false }), flat()],
    ['the stake is below the minimum notional', anOpinion(), flat({ equity: d('40') })],
    ['an order is still open', anOpinion(), flat({ busy: true })],
    ['equity is gone', anOpinion(), flat({ equity: d('-1') })],
  ])('stays out when %s', (_why, opinion, situation) => {
    expect(decide(thresholdDefaults, opinion, situation, null)).toEqual({ intent: null, entry: null });
  });

  it('sells short only where the account may', () => {
    const down = anOpinion({ probabilityUp: 0.3, expectedReturn: -0.01 });
    expect(decide(thresholdDefaults, down, flat(), null).intent).toBeNull();
    expect(decide(thresholdDefaults, down, flat({ mayShort: true }), null).intent).toMatchObject({
      side: 'sell',
      because: 'enter-short',
    });
  });

  it.each([
    ['stop', anOpinion({ close: d('98.5') })],
    ['target', anOpinion({ close: d('101.6') })],
    ['opinion', anOpinion({ probabilityUp: 0.49 })],
  ])('leaves a long by %s', (because, opinion) => {
    expect(decide(thresholdDefaults, opinion, longFrom('100'), entered).intent).toEqual({
      side: 'sell',
      quantity: d('10'),
      reduceOnly: true,
      because,
    });
  });

  it('leaves after the horizon and counts every bar until then', () => {
    let entry = decide(thresholdDefaults, anOpinion(), flat(), null).entry;
    let bars = 0;
    for (;;) {
      const decision = decide(thresholdDefaults, anOpinion(), longFrom('100'), entry);
      bars += 1;
      if (decision.intent) {
        expect(decision.intent.because).toBe('time');
        break;
      }
      entry = decision.entry;
    }
    expect(bars).toBe(12);
  });

  it('takes over a position it does not remember', () => {
    const { intent, entry } = decide(thresholdDefaults, anOpinion(), longFrom('100'), null);
    expect(intent).toBeNull();
    expect(entry?.barsHeld).toBe(0);
  });
});
