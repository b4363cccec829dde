import { refusal, type Dialect, type Shift, type VenueAnswer, type VenueRequest } from './dialect.js';
import { KrakenProtocolTwo } from './kraken-protocol-two.js';
import { PlainBook, type Level } from './plain-book.js';
import type { Recorded, Recording } from './recordings.js';
import type { VenueClient } from './venue-client.js';

/** `[channelID, data, …, channelName, pair]` */
type ChannelMessage = [number, ...Record<string, unknown>[], string, string];
type TradeRow = [string, string, string, string, string, string];

interface Pair {
  readonly altname: string;
  readonly wsname: string;
  readonly base: string;
  readonly quote: string;
  readonly lot_decimals: number;
}

const tradesKept = 1000;
const bookDepth = 1000;

/**
 * Kraken's REST interface and version 1 of its stream, as recorded. A retired protocol: its books and checksums are
 * for book code, and the REST part is for everybody. At `/v2` the same is said in protocol 2.
 */
export class KrakenVenue implements Dialect {
  private readonly pairs: Record<string, Pair>;
  private readonly channelIds = new Map<string, number>();
  private books = new Map<string, PlainBook>();
  private trades = new Map<string, TradeRow[]>();
  private readonly two = new KrakenProtocolTwo((pair) => this.books.get(pair));

  constructor(
    recording: Recording,
    private readonly shift: Shift,
  ) {
    const answer = recording.answers.find(({ url }) => url.pathname.endsWith('/AssetPairs'))!;
    this.pairs = JSON.parse(answer.text).result;
    for (const { text } of recording.messages) {
      if (!text.includes('"subscriptionStatus"')) continue;
      const { channelID, channelName, pair } = JSON.parse(text);
      this.channelIds.set(`${channelName} ${pair}`, channelID);
    }
  }

  rewind(): void {
    this.books = new Map();
    this.trades = new Map();
  }

  connected(client: VenueClient): void {
    if (speaksTwo(client)) return;
    const status = { connectionID: 1, event: 'systemStatus', status: 'online', version: '1.8.3' };
    client.answer(JSON.stringify(status));
  }

  heard(client: VenueClient, text: string): void {
    if (speaksTwo(client)) return this.two.heard(client, text);
    const { event, reqid, pair = [], subscription = {} } = JSON.parse(text);
    const tag = reqid === undefined ? {} : { reqid };
    if (event === 'ping') {
      client.answer(JSON.stringify({ event: 'pong', ...tag }));
    } else if (event === 'subscribe' || event === 'unsubscribe') {
      for (const one of pair as string[]) this.subscribe(client, { event, tag, pair: one, subscription });
    } else {
      client.answer(JSON.stringify({ errorMessage: 'Unsupported event', event: 'error', ...tag }));
    }
  }

  private subscribe(
    client: VenueClient,
    ask: { event: string; tag: object; pair: string; subscription: { name: string; depth?: number } },
  ): void {
    const { event, tag, pair, subscription } = ask;
    const channelName = subscription.name === 'book' ? `book-${subscription.depth ?? 10}` : subscription.name;
    const channelID = this.channelIds.get(`${channelName} ${pair}`);
    if (channelID === undefined) {
      // Only what was recorded can be served: ten pairs, and books of 1000 levels.
      const errorMessage = 'Currency pair or depth not recorded';
      const status = { errorMessage, event: 'subscriptionStatus', pair, status: 'error', subscription };
      client.answer(JSON.stringify({ ...status, ...tag }));
      return;
    }
    const key = `${channelName} ${pair}`;
    if (event === 'subscribe') client.subscriptions.set(key, channelID);
    else client.subscriptions.delete(key);
    const status = `${event}d`;
    const answer = {
      channelID,
      channelName,
      event: 'subscriptionStatus',
      pair,
      status,
      subscription,
      ...tag,
    };
    client.answer(JSON.stringify(answer));
    const book = this.books.get(pair);
    if (event === 'subscribe' && subscription.name === 'book' && book) {
      const timed = (levels: Level[]): unknown[] =>
        levels.map((level) => [...level, (this.shift.nowMs() / 1000).toFixed(6)]);
      const sides = { as: timed(book.asks.top(bookDepth)), bs: timed(book.bids.top(bookDepth)) };
      client.market(JSON.stringify([channelID, sides, channelName, pair]));
    }
  }

  play({ text: recorded }: Recorded, clients: Iterable<VenueClient>): void {
    if (!recorded.startsWith('[')) {
      if (!recorded.includes('"heartbeat"')) return;
      for (const client of clients) client.market(speaksTwo(client) ? '{"channel":"heartbeat"}' : recorded);
      return;
    }
    const text = this.shifted(recorded);
    const message = JSON.parse(text) as ChannelMessage;
    const [name, pair] = message.slice(-2) as [string, string];
    this.fold(message, name, pair);
    for (const client of clients) {
      if (!speaksTwo(client)) {
        if (client.subscriptions.has(`${name} ${pair}`)) client.market(text);
      } else if (name === 'trade') this.two.trades(client, pair, message[1] as unknown as TradeRow[]);
      else if (name.startsWith('book-')) this.two.book(client, pair);
    }
  }

  answer({ path, query }: VenueRequest): VenueAnswer | null {
    const name = /^\/0\/public\/(\w+)$/.exec(path)?.[1];
    const done = (result: unknown): VenueAnswer => ({ status: 200, body: { error: [], result } });
    if (name === 'Time') return done({ unixtime: Math.floor(this.shift.nowMs() / 1000) });
    if (name === 'SystemStatus') return done({ status: 'online' });
    if (name === 'Assets') return done(this.assets());
    if (name !== 'AssetPairs' && name !== 'Depth' && name !== 'Trades') return null;
    const asked = query.get('pair');
    const found = Object.entries(this.pairs).filter(
      ([id, pair]) => asked === null || asked.split(',').some((one) => one === id || one === pair.altname),
    );
    if (found.length === 0) return refusal(200, { error: ['EQuery:Unknown asset pair'] });
    if (name === 'AssetPairs') return done(Object.fromEntries(found));
    const [id, { wsname }] = found[0];
    if (name === 'Trades') {
      const rows = (this.trades.get(wsname) ?? []).map(([price, size, time, side, type, extra]) => [
        price,
        size,
        Number(time),
        side,
        type,
        extra,
      ]);
      return done({ [id]: rows, last: String(Math.round(this.shift.nowMs() * 1e6)) });
    }
    const book = this.books.get(wsname) ?? new PlainBook();
    const depth = Number(query.get('count') ?? 100);
    const timed = (levels: Level[]): unknown[] =>
      levels.map((level) => [...level, Math.floor(this.shift.nowMs() / 1000)]);
    return done({ [id]: { asks: timed(book.asks.top(depth)), bids: timed(book.bids.top(depth)) } });
  }

  private fold(message: ChannelMessage, name: string, pair: string): void {
    if (name === 'trade') {
      const rows = message[1] as unknown as TradeRow[];
      this.trades.set(pair, [...(this.trades.get(pair) ?? []), ...rows].slice(-tradesKept));
    }
    if (!name.startsWith('book-')) return;
    for (const part of message.slice(1, -2) as Record<string, Level[]>[]) {
      if (part.as || part.bs) this.books.set(pair, PlainBook.of(part.bs ?? [], part.as ?? []));
      else this.books.get(pair)?.apply(part.b ?? [], part.a ?? []);
    }
    this.books.get(pair)?.bids.truncate(bookDepth);
    this.books.get(pair)?.asks.truncate(bookDepth);
  }

  /** Not recorded: the assets of the recorded pairs. */
  private assets(): Record<string, unknown> {
    const ids = Object.values(this.pairs).flatMap(({ base, quote }) => [base, quote]);
    return Object.fromEntries(
      [...new Set(ids)].map((id) => {
        const altname = /^[XZ][A-Z]{3}$/.test(id) ? id.slice(1) : id;
        return [id, { aclass: 'currency', altname, decimals: 10, display_decimals: 5 }];
      }),
    );
  }

  private shifted(text: string): string {
    if (!this.shift.moves) return text;
    return text.replace(
      /"(\d{10}\.\d{6})"/g,
      (_, time) => `"${(this.shift.timeMs(Number(time) * 1000) / 1000).toFixed(6)}"`,
    );
  }
}

const speaksTwo = ({ target }: VenueClient): boolean => target.pathname.startsWith('/v2');
