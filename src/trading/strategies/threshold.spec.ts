import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { decide, thresholdDefaults, type Opinion, type Situation } from './threshold.js';

const barMs = 300_000;

const anOpinion = (over: Partial<Opinion> = {}): Opinion => ({
  candleTimeMs: barMs,
  barMs,
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
  minimumQuantity: d('0.001'),
  minimumNotional: d('5'),
  takerFee: d('0.001'),
  ...over,
});
const longFrom = (averagePrice: string): Situation =>
  flat({ position: d('10'), averagePrice: d(averagePrice) });
const entered = { candleTimeMs: 0, volatility: 0.005 };

describe('threshold strategy', () => {
  it('buys a tenth of equity when probability and edge pass', () => {
    const { intent, entry } = decide(thresholdDefaults, anOpinion(), flat(), null);
    expect(intent).toMatchObject({ side: 'buy', reduceOnly: false, because: 'enter-long' });
    expect(intent?.quantity.toString()).toBe('10');
    expect(entry).toEqual({ candleTimeMs: barMs, volatility: 0.005 });
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

  it('leaves after the horizon, counted in candles since the entry, and remembers nothing new until then', () => {
    const { entry } = decide(thresholdDefaults, anOpinion(), flat(), null);
    for (let bars = 1; bars < 12; bars += 1) {
      const opinion = anOpinion({ candleTimeMs: (1 + bars) * barMs });
      expect(decide(thresholdDefaults, opinion, longFrom('100'), entry)).toEqual({ intent: null, entry });
    }
    const last = decide(thresholdDefaults, anOpinion({ candleTimeMs: 13 * barMs }), longFrom('100'), entry);
    expect(last.intent?.because).toBe('time');
  });

  it('counts bars over a gap in the candles as the time that passed', () => {
    const late = anOpinion({ candleTimeMs: 500 * barMs });
    expect(decide(thresholdDefaults, late, longFrom('100'), entered).intent?.because).toBe('time');
  });

  it('takes over a position it does not remember, from this candle on', () => {
    const { intent, entry } = decide(thresholdDefaults, anOpinion(), longFrom('100'), null);
    expect(intent).toBeNull();
    expect(entry).toEqual({ candleTimeMs: barMs, volatility: 0.005 });
  });

  it('sells what is on the lot and calls the rest of a fee in base asset flat', () => {
    const held = flat({ position: d('9.9905'), averagePrice: d('100') });
    const leaving = decide(thresholdDefaults, anOpinion({ probabilityUp: 0.4 }), held, entered);
    expect(leaving.intent?.quantity.toString()).toBe('9.99');
    for (const rest of ['0.0005', '0.04']) {
      const after = flat({ position: d(rest), averagePrice: d('100') });
      expect(decide(thresholdDefaults, anOpinion({ probabilityUp: 0.4 }), after, entered)).toEqual({
        intent: null,
        entry: null,
      });
      expect(decide(thresholdDefaults, anOpinion(), after, null).intent?.because).toBe('enter-long');
    }
  });

  it('neither enters nor forgets while its order is still open', () => {
    expect(decide(thresholdDefaults, anOpinion(), flat({ busy: true }), entered)).toEqual({
      intent: null,
      entry: entered,
    });
  });
});
