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
  /** Worth of one unit of an asset in base currency; null when nobody knows. */
  readonly rateOf: (asset: string) => Decimal | null;
}

/** All amounts in base currency. */
export interface Valuation {
  readonly cash: Decimal;
  /** Balance in base currency less what open orders hold of it; negative when more is held than there is. */
  readonly freeCash: Decimal;
  readonly equity: Decimal;
  readonly grossExposure: Decimal;
  readonly netExposure: Decimal;
  readonly realisedPnl: Decimal;
  readonly unrealisedPnl: Decimal;
  readonly fees: Decimal;
  /** Worth of one unit of each asset, as the equity has it; what has none counts nothing. */
  readonly prices: ReadonlyMap<string, Decimal>;
  /** Unrealised P&L of derivatives, by instrument. */
  readonly gains: ReadonlyMap<string, Decimal>;
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
 * Values an account: equity = cash in base currency + Σ signed value of everything else it owns + Σ unrealised P&L of
 * derivatives, which own nothing. An asset is priced by the spot position that holds it, one that came as a deposit
 * by its rate. What is quoted in another currency is turned into base currency at the rate of now.
 */
export function valuate({ baseCurrency, balances, positions, markOf, rateOf }: Holdings): Valuation {
  let equity = Decimal.zero;
  let gross = Decimal.zero;
  let net = Decimal.zero;
  let realised = Decimal.zero;
  let unrealised = Decimal.zero;
  let fees = Decimal.zero;
  const staleMarks = new Set<string>();
  const priceByAsset = new Map<string, Decimal>();
  const gains = new Map<string, Decimal>();

  // Sorted, so that the same account is worth the same after a restart, in whatever order its rows came.
  for (const held of positions.toSorted((a, b) => (a.instrument < b.instrument ? -1 : 1))) {
    const name = parseInstrumentId(held.instrument);
    const rate = name === null ? null : rateOf(name.quote);
    if (name === null || rate === null) {
      if (!held.quantity.isZero() || !held.realisedPnl.isZero()) staleMarks.add(held.instrument);
      continue;
    }
    realised = realised.plus(held.realisedPnl.times(rate));
    fees = fees.plus(held.fees.times(rate));
    if (held.quantity.isZero()) continue;
    const mark = markOf(held.instrument);
    const price = leavingPrice(held.quantity, mark);
    if (mark === null || !mark.fresh) staleMarks.add(held.instrument);
    if (price === null) continue;
    const worth = price.times(held.quantity).times(rate);
    const gain = unrealisedPnl(held, price).times(rate);
    gross = gross.plus(worth.abs());
    net = net.plus(worth);
    unrealised = unrealised.plus(gain);
    if (name.contract !== null) {
      gains.set(held.instrument, gain);
      equity = equity.plus(gain);
    } else if (!priceByAsset.has(name.base)) priceByAsset.set(name.base, price.times(rate));
  }
  const priceOf = (asset: string): Decimal | null =>
    asset === baseCurrency ? Decimal.one : (priceByAsset.get(asset) ?? rateOf(asset));
  const pricesOf = (): Map<string, Decimal> => {
    const quotes = positions.map(({ instrument }) => parseInstrumentId(instrument)?.quote ?? '');
    const prices = new Map<string, Decimal>();
    for (const asset of [...balances.map((balance) => balance.asset), ...quotes]) {
      const price = priceOf(asset);
      if (price !== null) prices.set(asset, price);
    }
    return prices;
  };
  let cash = Decimal.zero;
  let freeCash = Decimal.zero;
  for (const { asset, total, reserved } of balances) {
    if (asset === baseCurrency) {
      cash = total;
      freeCash = total.minus(reserved);
    } else if (!total.isZero()) {
      const price = priceOf(asset);
      if (price === null) staleMarks.add(asset);
      else equity = equity.plus(price.times(total));
    }
  }
  return {
    cash,
    freeCash,
    equity: equity.plus(cash),
    grossExposure: gross,
    netExposure: net,
    realisedPnl: realised,
    unrealisedPnl: unrealised,
    fees,
    prices: pricesOf(),
    gains,
    staleMarks: [...staleMarks].toSorted(),
  };
}
