import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { fillEntries, type LedgerEntry, transferEntries } from '../ledger/ledger.js';
import { settlementOf } from '../marks/traded-instrument.js';
import { applyFill, flatPosition, type PositionState } from '../positions/position.js';
import { type BookThen, type ExplainedFill, Explainer, type Explanation, type Movement } from './explain.js';
import { valuate, type Valuation } from './valuation.js';

/** Two pairs that hold the same coin, one in another currency, one quoted in the coin, and a perpetual. */
const instruments = ['BTC-USD.SIM', 'BTC-EUR.SIM', 'ETH-BTC.SIM', 'BTC-USD-PERP.SIM'] as const;
const assets = ['USD', 'EUR', 'BTC', 'ETH', 'BNB'] as const;

type Act =
  | {
      kind: 'fill';
      at: number;
      side: 'buy' | 'sell';
      price: number;
      lots: number;
      fee: number;
      paidIn: number;
    }
  | { kind: 'transfer'; asset: number; amount: number }
  | { kind: 'funding'; amount: number }
  | { kind: 'market'; btc: number; euro: number; eth: number };

/** An account as the desk would keep it, with every entry of its books. */
class Book {
  readonly balances = new Map<string, Decimal>();
  readonly positions = new Map<string, PositionState>();
  readonly steps: ({ fill: ExplainedFill } | { movement: Movement })[] = [];
  private btc = d('50000');
  private euro = d('1.1');
  private eth = d('0.05');

  act(act: Act): void {
    if (act.kind === 'market') {
      this.btc = Decimal.ofInteger(act.btc);
      this.euro = Decimal.scaled(BigInt(act.euro), 3);
      this.eth = Decimal.scaled(BigInt(act.eth), 5);
    } else if (act.kind === 'fill') this.fill(act);
    else if (act.kind === 'funding') {
      const amount = Decimal.scaled(BigInt(act.amount), 4);
      this.book([{ account: 'cash', asset: 'USD', amount, kind: 'funding' as LedgerEntry['kind'] }]);
    } else {
      const amount = Decimal.scaled(BigInt(Math.abs(act.amount)), 3);
      this.book(transferEntries(act.amount < 0 ? 'withdrawal' : 'deposit', assets[act.asset], amount));
    }
  }

  value(): Valuation {
    // Nobody knows what a BNB is worth: it counts nothing.
    const rates = new Map([
      ['EUR', this.euro],
      ['BTC', this.btc],
      ['ETH', this.eth.times(this.btc)],
    ]);
    const prices: Record<string, Decimal> = {
      'BTC-USD.SIM': this.btc.minus(d('0.5')),
      'BTC-EUR.SIM': this.btc.div(this.euro),
      'ETH-BTC.SIM': this.eth.plus(d('0.00001')),
      'BTC-USD-PERP.SIM': this.btc.plus(d('12.25')),
    };
    return valuate({
      baseCurrency: 'USD',
      balances: [...this.balances].map(([asset, total]) => ({ asset, total, reserved: Decimal.zero })),
      positions: [...this.positions.values()],
      markOf: (instrument) => ({ bid: null, ask: null, last: prices[instrument], fresh: true }),
      rateOf: (asset) => (asset === 'USD' ? Decimal.one : (rates.get(asset) ?? null)),
    });
  }

  private fill(act: Act & { kind: 'fill' }): void {
    const instrument = instruments[act.at];
    const { base, quote } = parseInstrumentId(instrument)!;
    const price = Decimal.scaled(BigInt(act.price), 3);
    const quantity = Decimal.scaled(BigInt(act.lots), 5);
    const settlement = settlementOf(instrument);
    const inBase = act.paidIn === 0 && settlement === 'exchange' && act.side === 'buy';
    const feeAsset = inBase ? base : act.paidIn === 1 ? 'BNB' : quote;
    const rate = Decimal.scaled(BigInt(act.fee), 4);
    const fee = inBase ? quantity.times(rate) : quantity.times(price).times(rate);
    const before = this.positions.get(instrument) ?? flatPosition(instrument);
    const terms = { side: act.side, price, quantity, fee, timeMs: 1 };
    const counted = feeAsset === quote || inBase ? fee : Decimal.zero;
    const feePaidIn = inBase ? 'base' : 'quote';
    const { position, realisedPnl } = applyFill(before, { ...terms, fee: counted, feePaidIn });
    this.positions.set(instrument, position);
    this.steps.push({ fill: { ...terms, instrument, feeAsset, realisedPnl } });
    this.book(fillEntries({ ...terms, base, quote, settlement, feeAsset, realisedPnl }));
  }

  private book(entries: readonly LedgerEntry[]): void {
    for (const { account, asset, amount, kind } of entries) {
      if (account !== 'cash') continue;
      this.balances.set(asset, (this.balances.get(asset) ?? Decimal.zero).plus(amount));
      this.steps.push({ movement: { kind, asset, amount } });
    }
  }
}

function explained(before: readonly Act[], between: readonly Act[]) {
  const book = new Book();
  for (const act of before) book.act(act);
  const opening = book.value();
  const from: BookThen = { ...opening, balances: new Map(book.balances) };
  const first = book.steps.length;
  for (const act of between) book.act(act);
  const closing = book.value();
  const explainer = new Explainer(from, closing);
  const movements: Movement[] = [];
  for (const [n, step] of book.steps.entries()) {
    if (n === first) explainer.begin();
    if ('movement' in step) {
      if (n >= first) movements.push(step.movement);
    } else if (n < first) explainer.before(step.fill);
    else explainer.add(step.fill);
  }
  if (book.steps.length === first) explainer.begin();
  return { explanation: explainer.conclude(movements), opening, closing };
}

/** What the parts say became of the equity. */
function change(parts: Explanation): Decimal {
  const { transfers, realisedPnl, fees, unrealisedChange, revaluation, other } = parts;
  return transfers.plus(realisedPnl).minus(fees).plus(unrealisedChange).plus(revaluation).plus(other);
}

const anAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant('fill' as const),
    at: fc.integer({ min: 0, max: 3 }),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    price: fc.integer({ min: 1, max: 90_000_000 }),
    lots: fc.integer({ min: 1, max: 300_000 }),
    fee: fc.integer({ min: 0, max: 30 }),
    paidIn: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({
    kind: fc.constant('transfer' as const),
    asset: fc.integer({ min: 0, max: 4 }),
    amount: fc.integer({ min: -5_000_000, max: 5_000_000 }).filter((amount) => amount !== 0),
  }),
  fc.record({ kind: fc.constant('funding' as const), amount: fc.integer({ min: -10_000, max: 10_000 }) }),
  fc.record({
    kind: fc.constant('market' as const),
    btc: fc.integer({ min: 1_000, max: 100_000 }),
    euro: fc.integer({ min: 500, max: 2_000 }),
    eth: fc.integer({ min: 100, max: 90_000 }),
  }),
);
const acts = fc.array(anAct, { maxLength: 40 });

describe('what became of an equity', () => {
  it('adds up to what it is, whatever was traded, paid, charged and quoted in between', () => {
    fc.assert(
      fc.property(acts, acts, (before, between) => {
        const { explanation, opening, closing } = explained(before, between);
        const rest = closing.equity.minus(opening.equity).minus(change(explanation));
        // Average prices and rates have 18 digits; what they leave is no cent of anybody's.
        expect(rest.abs().lt(d('0.000000001')), rest.toString()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is all there when two spans are one: each part of the second begins where the first ended', () => {
    fc.assert(
      fc.property(acts, acts, acts, (before, first, second) => {
        const [one, two] = [explained(before, first), explained([...before, ...first], second)];
        const whole = explained(before, [...first, ...second]);
        const sum = change(one.explanation).plus(change(two.explanation));
        expect(sum.minus(change(whole.explanation)).abs().lt(d('0.000000001'))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('tells a deposit from a profit, a fee from a loss, and a rate from a mark', () => {
    const buy = {
      kind: 'fill',
      at: 0,
      side: 'buy',
      price: 50_000_000,
      lots: 100_000,
      fee: 10,
      paidIn: 2,
    } as const;
    const market = (btc: number, euro = 1_100) => ({ kind: 'market', btc, euro, eth: 5_000 }) as const;
    const { explanation } = explained(
      [
        { kind: 'transfer', asset: 0, amount: 200_000_000 },
        { kind: 'transfer', asset: 1, amount: 1_000_000 },
        market(50_000),
        buy,
      ],
      [
        market(52_000),
        { ...buy, side: 'sell', price: 52_000_000, lots: 50_000 },
        { kind: 'transfer', asset: 0, amount: 5_000_000 },
        { kind: 'funding', amount: -10_000 },
        market(51_000, 1_200),
      ],
    );
    const { transfers, realisedPnl, fees, unrealisedChange, revaluation, other } = explanation;
    const parts = { transfers, realisedPnl, fees, unrealisedChange, revaluation, other };
    expect(Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.toString()]))).toEqual({
      transfers: '5000',
      // Half a coin, from 50,000 to 52,000.
      realisedPnl: '1000',
      fees: '26',
      // From a whole coin half a dollar below its cost to half a coin 999.5 above.
      unrealisedChange: '500.25',
      // A thousand euros, each ten cents dearer.
      revaluation: '100',
      other: '-1',
    });
  });
});
