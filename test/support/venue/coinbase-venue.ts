import type { Dialect, Shift, VenueAnswer, VenueRequest } from './dialect.js';
import { refusal, whole } from './dialect.js';
import { PlainBook, type Level } from './plain-book.js';
import type { Recorded, Recording } from './recordings.js';
import type { VenueClient } from './venue-client.js';

interface Message {
  readonly type: string;
  readonly product_id: string;
  readonly [field: string]: unknown;
}

interface Subscribe {
  readonly type: 'subscribe' | 'unsubscribe';
  readonly product_ids?: string[];
  readonly channels?: (string | { name: string; product_ids?: string[] })[];
}

const tradesKept = 1000;
/** Which channel a message belongs to. */
const channelOf: Record<string, string> = {
  snapshot: 'level2',
  l2update: 'level2',
  match: 'matches',
  last_match: 'matches',
  ticker: 'ticker',
  heartbeat: 'heartbeat',
};
/** Channels that carry the same messages at another pace. */
const canonical = (channel: string): string =>
  channel.replace(/^level2_.*/, 'level2').replace(/^ticker_.*/, 'ticker');

/** Coinbase Exchange: products, books and trades over REST, and its stream with snapshots for whoever subscribes late. */
export class CoinbaseVenue implements Dialect {
  private readonly products: Record<string, unknown>[];
  private books = new Map<string, PlainBook>();
  private trades = new Map<string, Message[]>();
  private last = new Map<string, string>();

  constructor(
    recording: Recording,
    private readonly shift: Shift,
  ) {
    this.products = JSON.parse(recording.answers.find(({ url }) => url.pathname === '/products')!.text);
  }

  rewind(): void {
    this.books = new Map();
    this.trades = new Map();
    this.last = new Map();
  }

  connected(): void {
    // The venue says nothing before a subscription.
  }

  heard(client: VenueClient, text: string): void {
    const { type, product_ids = [], channels = [] } = JSON.parse(text) as Subscribe;
    if (type !== 'subscribe' && type !== 'unsubscribe') {
      client.answer(JSON.stringify({ type: 'error', message: 'Malformed JSON', reason: 'unknown type' }));
      return;
    }
    for (const channel of channels) {
      const { name, product_ids: own } =
        typeof channel === 'string' ? { name: channel, product_ids: undefined } : channel;
      for (const product of own ?? product_ids) {
        if (!this.product(product)) {
          const reason = `${product} is not a valid product`;
          client.answer(JSON.stringify({ type: 'error', message: 'Failed to subscribe', reason }));
          return;
        }
        const key = `${canonical(name)} ${product}`;
        if (type === 'subscribe') client.subscriptions.set(key, { name, product });
        else client.subscriptions.delete(key);
      }
    }
    client.answer(this.subscriptionsOf(client));
    if (type === 'subscribe') this.catchUp(client, channels, product_ids);
  }

  play({ text: recorded }: Recorded, clients: Iterable<VenueClient>): void {
    const message = JSON.parse(recorded) as Message;
    const channel = channelOf[message.type];
    // Answers to the recorder's own subscriptions are for nobody here.
    if (channel === undefined) return;
    const text = this.shifted(recorded);
    this.fold(message, text);
    for (const client of clients) {
      if (client.subscriptions.has(`${channel} ${message.product_id}`)) client.market(text);
    }
  }

  answer({ path, query }: VenueRequest): VenueAnswer | null {
    if (path === '/time') {
      const nowMs = this.shift.nowMs();
      return { status: 200, body: { iso: new Date(nowMs).toISOString(), epoch: nowMs / 1000 } };
    }
    if (path === '/products') return { status: 200, body: this.products };
    if (path === '/currencies') return { status: 200, body: this.currencies() };
    const match = /^\/products\/([^/]+)(?:\/(book|trades))?$/.exec(path);
    if (!match) return null;
    const product = this.product(match[1]);
    if (!product) return refusal(404, { message: 'NotFound' });
    if (match[2] === undefined) return { status: 200, body: product };
    const limit = Math.min(whole(query, 'limit') ?? 1000, 1000);
    if (match[2] === 'trades') {
      const kept = [...(this.trades.get(match[1]) ?? [])].reverse().slice(0, limit);
      const body = kept.map(({ trade_id, side, size, price, time }) => ({
        trade_id,
        side,
        size,
        price,
        time,
      }));
      return { status: 200, body };
    }
    const book = this.books.get(match[1]) ?? new PlainBook();
    const depth = query.get('level') === '2' ? 50_000 : 1;
    const counted = (levels: Level[]): unknown[] => levels.map(([price, size]) => [price, size, 1]);
    const body = { sequence: 1, bids: counted(book.bids.top(depth)), asks: counted(book.asks.top(depth)) };
    return { status: 200, body };
  }

  /** What a client that comes late is told first: the book as it stands, the last trade and ticker. */
  private catchUp(client: VenueClient, channels: Subscribe['channels'], products: string[]): void {
    for (const channel of channels ?? []) {
      const { name, product_ids } =
        typeof channel === 'string' ? { name: channel, product_ids: products } : channel;
      for (const product of product_ids ?? products) {
        if (canonical(name) === 'level2') {
          const book = this.books.get(product);
          if (!book) continue;
          const [asks, bids] = [book.asks.top(50_000), book.bids.top(50_000)];
          client.market(JSON.stringify({ type: 'snapshot', product_id: product, asks, bids }));
        } else {
          const last = this.last.get(`${canonical(name)} ${product}`);
          if (last) client.market(last.replace('"type":"match"', '"type":"last_match"'));
        }
      }
    }
  }

  private fold(message: Message, text: string): void {
    const { type, product_id: product } = message;
    if (type === 'snapshot') {
      this.books.set(product, PlainBook.of(message.bids as Level[], message.asks as Level[]));
    } else if (type === 'l2update') {
      const changes = message.changes as [string, string, string][];
      const of = (side: string): Level[] =>
        changes.filter(([one]) => one === side).map(([, price, size]) => [price, size]);
      this.books.get(product)?.apply(of('buy'), of('sell'));
    } else {
      this.last.set(`${channelOf[type]} ${product}`, text);
      if (type === 'ticker') return;
      const kept = this.trades.get(product) ?? [];
      kept.push(JSON.parse(text) as Message);
      this.trades.set(product, kept.slice(-tradesKept));
    }
  }

  private subscriptionsOf(client: VenueClient): string {
    const byName = new Map<string, string[]>();
    for (const value of client.subscriptions.values()) {
      const { name, product } = value as { name: string; product: string };
      byName.set(name, [...(byName.get(name) ?? []), product]);
    }
    const channels = [...byName].map(([name, product_ids]) => ({ name, product_ids }));
    return JSON.stringify({ type: 'subscriptions', channels });
  }

  private product(id: string): Record<string, unknown> | undefined {
    return this.products.find((product) => product.id === id);
  }

  /** Not recorded: the assets of the recorded products. */
  private currencies(): unknown[] {
    const ids = this.products.flatMap(({ base_currency, quote_currency }) => [base_currency, quote_currency]);
    return [...new Set(ids)]
      .sort()
      .map((id) => ({ id, name: id, status: 'online', max_precision: '0.00000001', details: {} }));
  }

  private shifted(text: string): string {
    if (!this.shift.moves) return text;
    return text.replace(
      /"time":"([^"]+)"/,
      (_, time) => `"time":"${new Date(this.shift.timeMs(Date.parse(time))).toISOString()}"`,
    );
  }
}
