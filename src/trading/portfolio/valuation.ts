import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';

export interface Mark {
  readonly bid: Decimal | null;
  readonly ask: Decimal | null;
  readonly last: Decimal | null;
  readonly fresh: boolean;
}

export interface Held {
  readonly instrument: string;
  /** Signed, base asset. */
  readonly quantity: Decimal;
  readonly averagePrice: Decimal;
  /** Before fees, quote asset. */
  readonly realisedPnl: Decimal;
  /** Quote asset. */
  readonly fees: Decimal;
}

export interface Holdings {
  readonly baseCurrency: string;
  readonly balances: readonly { asset: string; total: Decimal; reserved: Decimal }[];
  readonly positions: readonly Held[];
  readonly markOf: (instrument: string) => Mark | null;
}

export interface Valuation {
  readonly cash: Decimal;
  readonly equity: Decimal;
  readonly buyingPower: Decimal;
  readonly grossExposure: Decimal;
  readonly netExposure: Decimal;
  readonly realisedPnl: Decimal;
  readonly unrealisedPnl: Decimal;
  readonly fees: Decimal;
  /** Instruments and assets without a fresh price; those with none at all are not in the sums. */
  readonly staleMarks: readonly string[];
}

/** Price at which a position could be left: longs at bid, shorts at ask, else last. Null when nothing is known. */
export function leavingPrice(quantity: Decimal, mark: Mark | null): Decimal | null {
  if (mark === null) return null;
  return (quantity.isNegative() ? mark.ask : mark.bid) ?? mark.last;
}

/** (price − average) × quantity; the sign of the quantity makes it right for shorts. */
export function unrealisedPnl(held: Pick<Held, 'quantity' | 'averagePrice'>, price: Decimal): Decimal {
  return price.minus(held.averagePrice).times(held.quantity);
}

/**
 * Values an account: equity = cash in base currency + Σ signed value of everything else that can be priced.
 * An asset is priced by the position that holds it, a deposit of it by any instrument `ASSET-BASECURRENCY`.
 */
export function valuate({ baseCurrency, balances, positions, markOf }: Holdings): Valuation {
  let cash = Decimal.zero;
  let reservedCash = Decimal.zero;
  let value = Decimal.zero;
  let gross = Decimal.zero;
  let net = Decimal.zero;
  let realised = Decimal.zero;
  let unrealised = Decimal.zero;
  let fees = Decimal.zero;
  const staleMarks = new Set<string>();

  const priceByAsset = new Map<string, Decimal>();
  for (const held of positions) {
    const name = parseInstrumentId(held.instrument);
    if (name === null || name.quote !== baseCurrency) {
      if (!held.quantity.isZero()) staleMarks.add(held.instrument);
      continue;
    }
    realised = realised.plus(held.realisedPnl);
    fees = fees.plus(held.fees);
    const mark = markOf(held.instrument);
    const price = leavingPrice(held.quantity, mark);
    if (price !== null) priceByAsset.set(name.base, price);
    if (held.quantity.isZero()) continue;
    if (mark === null || !mark.fresh) staleMarks.add(held.instrument);
    if (price === null) continue;
    const worth = price.times(held.quantity);
    gross = gross.plus(worth.abs());
    net = net.plus(worth);
    unrealised = unrealised.plus(unrealisedPnl(held, price));
  }
  for (const balance of balances) {
    if (balance.asset === baseCurrency) {
      cash = balance.total;
      reservedCash = balance.reserved;
    } else if (!balance.total.isZero()) {
      const price = priceByAsset.get(balance.asset);
      if (price === undefined) staleMarks.add(balance.asset);
      else value = value.plus(price.times(balance.total));
    }
  }
  const free = cash.minus(reservedCash);
  return {
    cash,
    equity: cash.plus(value),
    buyingPower: free.isNegative() ? Decimal.zero : free,
    grossExposure: gross,
    netExposure: net,
    realisedPnl: realised,
    unrealisedPnl: unrealised,
    fees,
    staleMarks: [...staleMarks].toSorted(),
  };
}
