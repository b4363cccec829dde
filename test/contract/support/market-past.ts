import { Instruments, type InstrumentRules } from '../../../src/data/contract/instruments.js';
import { type Timeframe, timeframeMs, toRfc3339 } from '../../../src/kernel/time.js';
import { roomFor } from '../../support/partitions.js';
import { type House, operator } from './house.js';

/** Rules that a beginner's market has: cents, a hundred-thousandth of a coin, five dollars at least. */
export const plainRules: InstrumentRules = {
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0.00001',
  minimumNotional: '5',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

let count = 0;

/** An instrument nobody else in this file has seen, so that the two ways of a suite do not meet. */
export async function anInstrument(house: House, rules: Partial<InstrumentRules> = {}): Promise<string> {
  const id = `COIN${(count += 1)}-USD.TEST`;
  await house.get(Instruments).put({ principal: operator, id, rules: { ...plainRules, ...rules } });
  return id;
}

export const pastMs = Date.parse('2024-03-01T00:00:00Z');

/** `2024-03-01` and so many bars. */
export function atBar(n: number, timeframe: Timeframe = '5m'): string {
  return toRfc3339(pastMs + n * timeframeMs(timeframe));
}

/** Stores `bars` candles from `pastMs` on; bar n opens at 100 + n % 50 and closes one above. */
export async function storeCandles(
  house: House,
  instrument: string,
  bars: number,
  timeframe: Timeframe = '5m',
): Promise<void> {
  await roomFor(house.database, { fromMs: pastMs, toMs: pastMs + bars * timeframeMs(timeframe) });
  await house.database.query(
    `INSERT INTO data.candles (instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source)
     SELECT $1, $2, $3::bigint + n * $4::bigint, 100 + n % 50, 103 + n % 50, 99 + n % 50, 101 + n % 50, 1.5 + n % 7, NULL, 'import'
     FROM generate_series(0, $5::integer - 1) AS n`,
    [instrument, timeframe, pastMs, timeframeMs(timeframe), bars],
  );
}

/** Stores `trades` trades from `pastMs` on: three at each tenth second, in the order of their ids. */
export async function storeTrades(house: House, instrument: string, trades: number): Promise<void> {
  await roomFor(house.database, { fromMs: pastMs, toMs: pastMs + trades * 10_000 });
  await house.database.query(
    `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side)
     SELECT $1, $2::bigint + (n / 3) * 10000, 't' || lpad(n::text, 4, '0'), n % 3, 100 + n % 5, 0.25,
       CASE WHEN n % 2 = 0 THEN 'buy' ELSE 'sell' END
     FROM generate_series(0, $3::integer - 1) AS n`,
    [instrument, pastMs, trades],
  );
}
