import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { applyFill, flatPosition, type PositionFill, type PositionState } from './position.js';

const aFill = (
  over: Partial<Record<'price' | 'quantity' | 'fee', string>> &
    Partial<Pick<PositionFill, 'side' | 'feePaidIn'>>,
): PositionFill => ({
  side: over.side ?? 'buy',
  price: d(over.price ?? '100'),
  quantity: d(over.quantity ?? '1'),
  fee: d(over.fee ?? '0'),
  feePaidIn: over.feePaidIn ?? 'quote',
  timeMs: 1,
});

function after(...fills: PositionFill[]): PositionState {
  return fills.reduce((position, fill) => applyFill(position, fill).position, flatPosition('BTC-USD.SIM'));
}
const shown = (p: PositionState) => [p.quantity, p.averagePrice, p.realisedPnl, p.fees].map(String);

describe('a position', () => {
  it('counts a fee in a third asset by its value, and one without a price not at all', () => {
    const fill = aFill({ price: '100', quantity: '2', fee: '0.004', feePaidIn: 'other' });
    const known = applyFill(flatPosition('BTC-USD.SIM'), { ...fill, feeValue: d('0.2') });
    expect([known.position.quantity, known.position.fees].map(String)).toEqual(['2', '0.2']);
    const unknown = applyFill(known.position, { ...fill, feeValue: null });
    expect([unknown.position.quantity, unknown.position.fees].map(String)).toEqual(['4', '0.2']);
  });

  it('averages prices while it grows', () => {
    expect(shown(after(aFill({ price: '100' }), aFill({ price: '130', quantity: '2' })))).toEqual([
      '3',
      '120',
      '0',
      '0',
    ]);
  });

  it('keeps the average price when it is reduced, and realises the rest', () => {
    const p = after(aFill({ quantity: '2' }), aFill({ side: 'sell', price: '110', quantity: '0.5' }));
    expect(shown(p)).toEqual(['1.5', '100', '5', '0']);
  });

  it('earns on a short when the price falls', () => {
    const p = after(aFill({ side: 'sell', price: '100' }), aFill({ price: '90' }));
    expect(shown(p)).toEqual(['0', '0', '10', '0']);
  });

  it('splits a fill that turns it around: closed at the old average, opened at the new price', () => {
    const p = after(aFill({ quantity: '1' }), aFill({ side: 'sell', price: '120', quantity: '3' }));
    expect(shown(p)).toEqual(['-2', '120', '20', '0']);
  });

  it('treats a fee in base asset as sold at the fill price', () => {
    const p = after(aFill({ price: '100', quantity: '1', fee: '0.001', feePaidIn: 'base' }));
    expect(shown(p)).toEqual(['0.999', '100', '0', '0.1']);
  });

  it('forgets when it was opened once it is flat', () => {
    expect(after(aFill({})).openedAtMs).toBe(1);
    expect(after(aFill({}), aFill({ side: 'sell' })).openedAtMs).toBeNull();
  });

  it('was changed last by its latest fill, whatever order they come in', () => {
    const at = (position: PositionState, timeMs: number) =>
      applyFill(position, {
        side: 'buy',
        price: d('1'),
        quantity: d('1'),
        fee: Decimal.zero,
        feePaidIn: 'quote',
        timeMs,
      }).position;
    const flat = flatPosition('BTC-USD.SIM');
    expect(flat).toMatchObject({ updatedAtMs: 0, openedAtMs: null });
    expect(at(at(flat, 20), 10)).toMatchObject({ updatedAtMs: 20, openedAtMs: 20 });
  });

  it('never makes or loses a cent that its fills did not', () => {
    const amount = (max: number) => fc.integer({ min: 1, max }).map((n) => d(String(n)).div(d('100')));
    const fill = fc.record({
      side: fc.constantFrom('buy' as const, 'sell' as const),
      price: amount(100_000),
      quantity: amount(500),
      feeRate: fc.constantFrom(Decimal.zero, d('0.001')),
      feePaidIn: fc.constantFrom('base' as const, 'quote' as const),
    });
    fc.assert(
      fc.property(fc.array(fill, { minLength: 1, maxLength: 30 }), (fills) => {
        let position = flatPosition('BTC-USD.SIM');
        let cash = Decimal.zero;
        let base = Decimal.zero;
        let realised = Decimal.zero;
        for (const { side, price, quantity, feeRate, feePaidIn } of fills) {
          const fee = feePaidIn === 'base' ? quantity.times(feeRate) : quantity.times(price).times(feeRate);
          const result = applyFill(position, { side, price, quantity, fee, feePaidIn, timeMs: 1 });
          position = result.position;
          realised = realised.plus(result.realisedPnl);
          const sign = d(side === 'buy' ? '1' : '-1');
          base = base.plus(quantity.times(sign)).minus(feePaidIn === 'base' ? fee : Decimal.zero);
          cash = cash
            .minus(price.times(quantity).times(sign))
            .minus(feePaidIn === 'quote' ? fee : Decimal.zero);
        }
        expect(position.quantity.toString()).toBe(base.toString());
        expect(position.realisedPnl.toString()).toBe(realised.toString());
        // Equity by cash flow = equity by P&L, at any mark; averages are rounded at the 18th digit.
        const mark = d('321.09');
        const byCash = cash.plus(base.times(mark));
        const unrealised = mark.minus(position.averagePrice).times(position.quantity);
        const byProfit = position.realisedPnl.plus(unrealised).minus(position.fees);
        expect(byCash.minus(byProfit).abs().lt(d('0.000000000001'))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
