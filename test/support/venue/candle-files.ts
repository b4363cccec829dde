import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { marketFile } from '../market.js';

/** A candle as the files have it: open time in ms, then open, high, low, close, volume as text. */
export type CandleRow = readonly [number, string, string, string, string, string];

const read = new Map<string, CandleRow[]>();

/** Candles of `candles/binance_<market>_<symbol>_<timeframe>_*`, oldest first; null when there is no such file. */
export function candleRows(market: 'spot' | 'usdm', symbol: string, timeframe: string): CandleRow[] | null {
  const prefix = `binance_${market}_${symbol}_${timeframe}_`;
  const kept = read.get(prefix);
  if (kept) return kept;
  const names = readdirSync(marketFile('candles')).filter((name) => name.startsWith(prefix));
  if (names.length === 0) return null;
  const byTime = new Map<number, CandleRow>();
  for (const name of names.sort()) {
    const lines = gunzipSync(readFileSync(marketFile(`candles/${name}`)))
      .toString('utf8')
      .split('\n');
    for (const line of lines.slice(1)) {
      const [time, open, high, low, close, volume] = line.split(',');
      if (time) byTime.set(Number(time), [Number(time), open, high, low, close, volume]);
    }
  }
  const rows = [...byTime.values()].sort((a, b) => a[0] - b[0]);
  read.set(prefix, rows);
  return rows;
}

/** One page: rows with `fromMs <= open time <= toMs`, the first `limit` of them, or the last when no start is named. */
export function pageOf(
  rows: readonly CandleRow[],
  { fromMs, toMs, limit }: { fromMs: number | null; toMs: number | null; limit: number },
): CandleRow[] {
  const within = rows.filter(([time]) => time >= (fromMs ?? 0) && time <= (toMs ?? Infinity));
  return fromMs === null ? within.slice(-limit) : within.slice(0, limit);
}
