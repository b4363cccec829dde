import type { VenueTrade } from '../../feeds/saying.js';
import { parseExactJson } from '../exact-json.js';
import { Malformed, MessageFields } from '../venue-event.js';

/** `GET /products/:id/trades`, rising by number. The venue tells the side of the maker; here it is the taker's. */
export function coinbaseTrades(text: string): VenueTrade[] {
  const rows = parseExactJson(text);
  if (!Array.isArray(rows)) throw new Malformed('the trades are no list');
  return rows
    .map((row): VenueTrade => {
      const trade = MessageFields.of(row, 'trade');
      return {
        id: trade.integer('trade_id'),
        price: trade.decimal('price'),
        quantity: trade.decimal('size'),
        side: trade.side('side') === 'sell' ? 'buy' : 'sell',
        timeMs: trade.time('time'),
      };
    })
    .toSorted((a, b) => a.id - b.id);
}
