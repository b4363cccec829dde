import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { settlementOf } from '../marks/traded-instrument.js';
import { feePaidIn } from '../positions/fee-value.js';
import { applyFill, flatPosition, type PositionState } from '../positions/position.js';

/** What each thing counted for in an equity at one moment. Base currency. */
export interface CountedThen {
  /** Worth of one unit of each asset; what is missing counted nothing. */
  readonly prices: ReadonlyMap<string, Decimal>;
  /** Unrealised P&L of derivatives, by instrument. */
  readonly gains: ReadonlyMap<string, Decimal>;
}

/** With what the account held then, by asset. */
export interface BookThen extends CountedThen {
  readonly balances: ReadonlyMap<string, Decimal>;
}

export interface ExplainedFill {
  readonly instrument: string;
  readonly side: 'buy' | 'sell';
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** Before fees, quote asset. */
  readonly realisedPnl: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  readonly timeMs: number;
}

/** Cash entries of the ledger between the two moments. */
export interface Movement {
  readonly kind: string;
  readonly asset: string;
  readonly amount: Decimal;
}

export interface InstrumentPart {
  readonly instrument: string;
  fills: number;
  realisedPnl: Decimal;
  fees: Decimal;
  unrealisedFrom: Decimal;
  unrealisedTo: Decimal;
}

export interface AssetPart {
  readonly asset: string;
  /** Worth of what was paid in, less what was paid out. */
  readonly transfers: Decimal;
  /** What neither fills, fees nor transfers booked. */
  readonly other: Decimal;
  /** What was held in it from the beginning, not counting positions, by the change of its price. */
  readonly revaluation: Decimal;
}

export interface Explanation {
  readonly instruments: readonly InstrumentPart[];
  readonly assets: readonly AssetPart[];
  readonly transfers: Decimal;
  readonly realisedPnl: Decimal;
  readonly fees: Decimal;
  readonly unrealisedChange: Decimal;
  readonly revaluation: Decimal;
  readonly other: Decimal;
}

const transferKinds: ReadonlySet<string> = new Set(['deposit', 'withdrawal', 'reset']);
const tradeKinds: ReadonlySet<string> = new Set(['fill', 'fee']);

/**
 * Takes the change of equity between two moments apart. Every asset's balance is capital (what was paid in, and what
 * positions cost) and positions at their cost; so equity = Σ capital × price + Σ unrealised P&L. Capital moves by
 * transfers, by what fills realise and by fees, all valued at the prices of the end; what it was at the beginning is
 * revalued by the change of price, which is nothing for the base currency.
 */
export class Explainer {
  private readonly positions = new Map<string, PositionState>();
  private readonly parts = new Map<string, InstrumentPart>();
  private capitalFrom = new Map<string, Decimal>();

  constructor(
    private readonly from: BookThen,
    private readonly to: CountedThen,
  ) {}

  /** Fills of before the first moment, in their order. */
  before(fill: ExplainedFill): void {
    this.take(fill);
  }

  /** Call once, between the two. */
  begin(): void {
    this.capitalFrom = capitalOf(this.from.balances, this.positions);
    for (const [instrument, position] of this.positions) {
      if (!position.quantity.isZero()) {
        this.part(instrument).unrealisedFrom = unrealised(position, this.from);
      }
    }
  }

  /** Fills between the two moments, in their order. Answers what it realised and cost, in base currency. */
  add(fill: ExplainedFill): { realisedPnl: Decimal; fee: Decimal } {
    this.take(fill);
    const name = parseInstrumentId(fill.instrument);
    const quote = priceIn(this.to, name?.quote ?? '');
    const fee =
      feePaidIn(fill.instrument, fill.feeAsset) === 'base'
        ? fill.fee.times(fill.price).times(quote)
        : fill.fee.times(priceIn(this.to, fill.feeAsset));
    const realisedPnl = fill.realisedPnl.times(quote);
    const part = this.part(fill.instrument);
    part.fills += 1;
    part.realisedPnl = part.realisedPnl.plus(realisedPnl);
    part.fees = part.fees.plus(fee);
    return { realisedPnl, fee };
  }

  /** Call once, after every fill. */
  conclude(movements: readonly Movement[]): Explanation {
    for (const [instrument, position] of this.positions) {
      if (!position.quantity.isZero()) this.part(instrument).unrealisedTo = unrealised(position, this.to);
    }
    const instruments = [...this.parts.values()].toSorted((a, b) => (a.instrument < b.instrument ? -1 : 1));
    const assets = this.assetParts(movements);
    const total = <T>(of: readonly T[], amount: (one: T) => Decimal): Decimal =>
      of.reduce((sum, one) => sum.plus(amount(one)), Decimal.zero);
    return {
      instruments,
      assets,
      transfers: total(assets, ({ transfers }) => transfers),
      realisedPnl: total(instruments, ({ realisedPnl }) => realisedPnl),
      fees: total(instruments, ({ fees }) => fees),
      unrealisedChange: total(instruments, ({ unrealisedFrom, unrealisedTo }) =>
        unrealisedTo.minus(unrealisedFrom),
      ),
      revaluation: total(assets, ({ revaluation }) => revaluation),
      other: total(assets, ({ other }) => other),
    };
  }

  private assetParts(movements: readonly Movement[]): AssetPart[] {
    const assets = new Set([...this.capitalFrom.keys(), ...movements.map(({ asset }) => asset)]);
    return [...assets].toSorted().flatMap((asset) => {
      const price = priceIn(this.to, asset);
      const moved = (counts: (kind: string) => boolean): Decimal =>
        movements
          .filter((one) => one.asset === asset && counts(one.kind))
          .reduce((sum, { amount }) => sum.plus(amount), Decimal.zero)
          .times(price);
      const capital = this.capitalFrom.get(asset) ?? Decimal.zero;
      const part = {
        asset,
        transfers: moved((kind) => transferKinds.has(kind)),
        other: moved((kind) => !transferKinds.has(kind) && !tradeKinds.has(kind)),
        revaluation: capital.times(price.minus(priceIn(this.from, asset))),
      };
      const isNothing = part.transfers.isZero() && part.other.isZero() && part.revaluation.isZero();
      return isNothing ? [] : [part];
    });
  }

  private take(fill: ExplainedFill): void {
    const before = this.positions.get(fill.instrument) ?? flatPosition(fill.instrument);
    const paidIn = feePaidIn(fill.instrument, fill.feeAsset);
    const { position } = applyFill(before, { ...fill, feePaidIn: paidIn });
    this.positions.set(fill.instrument, position);
  }

  private part(instrument: string): InstrumentPart {
    let part = this.parts.get(instrument);
    if (part === undefined) {
      const [realisedPnl, fees, unrealisedFrom, unrealisedTo] = Array<Decimal>(4).fill(Decimal.zero);
      part = { instrument, fills: 0, realisedPnl, fees, unrealisedFrom, unrealisedTo };
      this.parts.set(instrument, part);
    }
    return part;
  }
}

function priceIn({ prices }: CountedThen, asset: string): Decimal {
  return prices.get(asset) ?? Decimal.zero;
}

/** Balances with every position put back at its cost. */
function capitalOf(
  balances: ReadonlyMap<string, Decimal>,
  positions: ReadonlyMap<string, PositionState>,
): Map<string, Decimal> {
  const capital = new Map(balances);
  const add = (asset: string, amount: Decimal): void => {
    capital.set(asset, (capital.get(asset) ?? Decimal.zero).plus(amount));
  };
  for (const { instrument, quantity, averagePrice } of positions.values()) {
    const name = parseInstrumentId(instrument);
    if (name === null || settlementOf(instrument) !== 'exchange' || quantity.isZero()) continue;
    add(name.base, quantity.negated());
    add(name.quote, averagePrice.times(quantity));
  }
  return capital;
}

function unrealised({ instrument, quantity, averagePrice }: PositionState, then: CountedThen): Decimal {
  const name = parseInstrumentId(instrument);
  if (name === null || settlementOf(instrument) !== 'exchange') {
    return then.gains.get(instrument) ?? Decimal.zero;
  }
  const cost = averagePrice.times(quantity).times(priceIn(then, name.quote));
  return quantity.times(priceIn(then, name.base)).minus(cost);
}
