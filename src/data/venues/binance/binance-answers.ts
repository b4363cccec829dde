import type { VenueTrade } from '../../feeds/saying.js';
import type { InstrumentRules } from '../../contract/instruments.js';
import { decimalIn, fieldsIn, type Fields, listIn, positiveIn, wholeIn } from '../venue-answers.js';
import { candleOf } from '../venue-candle.js';
import type { VenueCandle } from '../venue.js';
import type { VenueFees } from '../venue-settings.js';

/** A symbol of `exchangeInfo`: its rules, and what it is made of. */
export interface BinanceSymbol {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** `PERPETUAL` and others for futures, null for spot. */
  readonly contract: string | null;
  readonly rules: InstrumentRules;
}

const statusOf: Readonly<Record<string, string>> = {
  TRADING: 'trading',
  CLOSE: 'delisted',
  DELIVERED: 'delisted',
  SETTLING: 'delisted',
};

/** The symbols of `exchangeInfo` that `wanted` names; others are not looked at, so one that is odd harms nobody. */
export function symbolsOf(answer: unknown, wanted: ReadonlySet<string>, fees: VenueFees): BinanceSymbol[] {
  return listIn(fieldsIn(answer, 'exchangeInfo').symbols, 'symbols').flatMap((one) => {
    const fields = fieldsIn(one, 'symbol');
    return wanted.has(String(fields.symbol)) ? [symbolOf(fields, fees)] : [];
  });
}

function symbolOf(fields: Fields, fees: VenueFees): BinanceSymbol {
  const symbol = String(fields.symbol);
  const filters = new Map(
    listIn(fields.filters, `filters of ${symbol}`).map((one): [unknown, Fields] => {
      const filter = fieldsIn(one, `filter of ${symbol}`);
      return [filter.filterType, filter];
    }),
  );
  const price = fieldsIn(filters.get('PRICE_FILTER'), `PRICE_FILTER of ${symbol}`);
  const lot = fieldsIn(filters.get('LOT_SIZE'), `LOT_SIZE of ${symbol}`);
  const notional = filters.get('NOTIONAL') ?? filters.get('MIN_NOTIONAL') ?? { minNotional: '0' };
  return {
    symbol,
    base: String(fields.baseAsset),
    quote: String(fields.quoteAsset),
    contract: typeof fields.contractType === 'string' ? fields.contractType : null,
    rules: {
      tickSize: positiveIn(price.tickSize, `tick size of ${symbol}`),
      lotSize: positiveIn(lot.stepSize, `lot size of ${symbol}`),
      minimumQuantity: decimalIn(lot.minQty, `minimum quantity of ${symbol}`),
      minimumNotional: decimalIn(notional.minNotional ?? notional.notional, `minimum notional of ${symbol}`),
      makerFee: fees.maker,
      takerFee: fees.taker,
      status: statusOf[String(fields.status ?? fields.contractStatus)] ?? 'paused',
    },
  };
}

/** `GET klines`, those that ended before `endedByMs`; whether the venue gave as many as it may. */
export function klinesOf(answer: unknown, endedByMs: number): { candles: VenueCandle[]; rows: number } {
  const rows = listIn(answer, 'klines').map((row) => listIn(row, 'kline'));
  const candles = rows.flatMap((row) => {
    const [openTimeMs, open, high, low, close, volume, closeTimeMs, , trades] = row;
    if (wholeIn(closeTimeMs, 'close time') >= endedByMs) return [];
    const [o, h, l, c, v] = [open, high, low, close, volume] as string[];
    const at = { openTimeMs: wholeIn(openTimeMs, 'open time'), trades: wholeIn(trades, 'number of trades') };
    return [candleOf({ ...at, open: o, high: h, low: l, close: c, volume: v })];
  });
  return { candles, rows: rows.length };
}

/** `GET trades` and `GET historicalTrades`, rising by id. */
export function tradesOf(answer: unknown): VenueTrade[] {
  const trades = listIn(answer, 'trades').map((one): VenueTrade => {
    const { id, price, qty, time, isBuyerMaker } = fieldsIn(one, 'trade');
    return {
      id: wholeIn(id, 'trade id'),
      price: String(price),
      quantity: String(qty),
      side: isBuyerMaker === true ? 'sell' : 'buy',
      timeMs: wholeIn(time, 'time of a trade'),
    };
  });
  return trades.toSorted((a, b) => a.id - b.id);
}
