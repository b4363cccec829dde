import type { VenueTrade } from '../../feeds/saying.js';
import { Malformed } from '../venue-event.js';
import { krakenResult } from './kraken-rest.js';

/** Rows of `GET /0/public/Trades`, rising by number: `[price, volume, seconds, b|s, kind, misc, number]`. */
export function krakenTrades(text: string): VenueTrade[] {
  const [rows] = krakenResult(text).lists();
  return (rows ?? [])
    .map((row): VenueTrade => {
      if (!Array.isArray(row) || row.length < 7) throw new Malformed('a trade has no seven fields');
      const [price, quantity, seconds, side, , , id] = row as string[];
      if (side !== 'b' && side !== 's') throw new Malformed('a trade has no side');
      return { id: whole(id), price, quantity, side: side === 'b' ? 'buy' : 'sell', timeMs: msOf(seconds) };
    })
    .toSorted((a, b) => a.id - b.id);
}

/** Seconds with digits behind the point to whole ms, cut as the stream's times are. */
function msOf(seconds: string): number {
  const match = /^(\d{1,12})(?:\.(\d+))?$/.exec(seconds);
  if (match === null) throw new Malformed('a trade has no time');
  return Number(match[1]) * 1_000 + Number((match[2] ?? '').padEnd(3, '0').slice(0, 3));
}

function whole(id: string): number {
  if (!/^\d{1,15}$/.test(id)) throw new Malformed('a trade has no number');
  return Number(id);
}
