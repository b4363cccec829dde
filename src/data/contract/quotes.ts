import { decimal, flag, instrumentId, integer, list, oneOf, text, time } from '../../kernel/fields.js';
import type { Page } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';

export class Quote {
  @instrumentId()
  instrument: string;

  @decimal({ nullable: true })
  bid: string | null;
  @decimal({ nullable: true })
  bidSize: string | null;
  @decimal({ nullable: true })
  ask: string | null;
  @decimal({ nullable: true })
  askSize: string | null;

  @decimal({ nullable: true, about: 'Price of the last trade.' })
  last: string | null;

  @decimal({ nullable: true, about: 'Middle of bid and ask, else last.' })
  mark: string | null;

  @time({ about: 'When it was observed.' })
  time: string;

  @integer({ about: 'Milliseconds since then.' })
  ageMs: number;

  @flag({ about: 'Too old to open a position on.' })
  stale: boolean;
}

export class OrderBook {
  @instrumentId()
  instrument: string;

  @time()
  time: string;

  @list({ type: 'array', items: { type: 'string' } }, { about: '`[price, quantity]`, best first.' })
  bids: [string, string][];

  @list({ type: 'array', items: { type: 'string' } }, { about: '`[price, quantity]`, best first.' })
  asks: [string, string][];
}

export class Trade {
  @instrumentId()
  instrument: string;

  @text({ about: "The venue's trade id." })
  id: string;

  @time()
  time: string;

  @decimal()
  price: string;

  @decimal()
  quantity: string;

  @oneOf(['buy', 'sell'], { about: 'Side of the taker.' })
  side: string;
}

export class TradeQuery {
  @instrumentId()
  instrument: string;

  @time({ optional: true, about: 'Inclusive.' })
  from?: string;

  @time({ optional: true, about: 'Exclusive.' })
  to?: string;

  @integer({ min: 1, max: 500, optional: true, about: 'Default 100.' })
  limit?: number;

  @text({ max: 400, optional: true })
  cursor?: string;
}

/** The market as it is now (quotes, books: in memory) and the trades that made it (stored). */
export abstract class Market {
  static readonly port: PortDescription<Market> = {
    name: 'data.market',
    methods: { quote: 'read', orderBook: 'read', trades: 'read' },
  };

  /** Throws DATA_UNKNOWN_INSTRUMENT, DATA_NO_QUOTE. */
  abstract quote(query: { instrument: string }): Promise<Quote>;
  /** `depth` levels a side (1–20, default 20). Throws DATA_UNKNOWN_INSTRUMENT, DATA_NO_QUOTE. */
  abstract orderBook(query: { instrument: string; depth?: number }): Promise<OrderBook>;
  /** Oldest first; without `from` the newest. Throws DATA_UNKNOWN_INSTRUMENT, DATA_RANGE_INVALID, DATA_CURSOR_INVALID. */
  abstract trades(query: TradeQuery): Promise<Page<Trade>>;
}
