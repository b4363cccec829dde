import type { Decimal } from './decimal.js';

/** An amount of one asset. Quantities and prices are plain decimals; only Money knows its asset. */
export interface Money {
  readonly asset: string;
  readonly amount: Decimal;
}

/** `BASE-QUOTE.VENUE` taken apart, e.g. `BTC-USDT.BINANCE`; derivatives carry a third part (`BTC-USDT-PERP.BINANCE`). */
export interface InstrumentName {
  readonly base: string;
  readonly quote: string;
  readonly contract: string | null;
  readonly venue: string;
}

export const instrumentIdPattern =
  /^([A-Z0-9]{1,20})-([A-Z0-9]{1,20})(?:-([A-Z0-9]{1,20}))?\.([A-Z0-9_]{1,20})$/;

/** Names taken apart lately; the same few are asked for with every order and tick. */
const parsed = new Map<string, InstrumentName | null>();
const parsedMax = 4_096;

/** Null when the text is not an instrument id. */
export function parseInstrumentId(id: string): InstrumentName | null {
  const known = parsed.get(id);
  if (known !== undefined) return known;
  const match = instrumentIdPattern.exec(id);
  const name = match && { base: match[1], quote: match[2], contract: match[3] ?? null, venue: match[4] };
  if (parsed.size >= parsedMax) parsed.clear();
  parsed.set(id, name);
  return name;
}
