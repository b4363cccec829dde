import { binancePairs } from './binance-pairs.js';
import { candleRows, pageOf } from './candle-files.js';
import { refusal, whole, type Dialect, type Shift, type VenueAnswer, type VenueRequest } from './dialect.js';
import { PlainBook, type Level } from './plain-book.js';
import type { Recorded, Recording } from './recordings.js';
import type { VenueClient } from './venue-client.js';

interface Book {
  readonly book: PlainBook;
  lastUpdateId: number;
}

/** The venue tells all of its trades; no recording here has more. */
const tradesKept = 100_000;
const streamsMax = 1024;
const streamPattern = /^\{"stream":"([^"]+)","data":/;
const timeframes = [
  '1s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
];
const unitMs: Record<string, number> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The speed of a depth stream is part of its name, but not of what it says. */
const canonical = (stream: string): string => stream.replace(/@depth(@\d+ms)?$/, '@depth');

/** Binance spot or USD-M futures: combined and raw streams, SUBSCRIBE, and the public part of its REST interface. */
export class BinanceVenue implements Dialect {
  private readonly prefix: string;
  private readonly symbols: Record<string, unknown>[];
  private readonly info: Record<string, unknown>;
  private books = new Map<string, Book>();
  private trades = new Map<string, string[]>();
  private spans: Record<'trades' | 'updates' | 'aggregates', number> | null = null;

  constructor(
    private readonly recording: Recording,
    private readonly market: 'spot' | 'usdm',
    info: Recording,
    private readonly shift: Shift,
  ) {
    this.prefix = market === 'spot' ? '/api/v3/' : '/fapi/v1/';
    this.info = JSON.parse(info.answers.find(({ url }) => url.pathname.endsWith('/exchangeInfo'))!.text);
    this.symbols = this.info.symbols as Record<string, unknown>[];
    this.rewind();
  }

  /** What it told of trades stays true; the books are those of the first snapshot again. */
  rewind(): void {
    this.books = new Map();
    for (const { url, text } of this.recording.answers) {
      if (!url.pathname.endsWith('/depth')) continue;
      const { bids, asks, lastUpdateId } = JSON.parse(text) as {
        bids: Level[];
        asks: Level[];
        lastUpdateId: number;
      };
      this.books.set(url.searchParams.get('symbol')!, { book: PlainBook.of(bids, asks), lastUpdateId });
    }
  }

  connected(client: VenueClient): void {
    const { pathname, searchParams } = client.target;
    const named = pathname.startsWith('/ws/')
      ? pathname.slice('/ws/'.length).split('/')
      : (searchParams.get('streams') ?? '').split('/');
    // ccxt opens `/ws/0`, `/ws/1`, …: a connection number, not a stream.
    for (const stream of named) if (stream.includes('@')) client.subscriptions.set(canonical(stream), stream);
  }

  heard(client: VenueClient, text: string): void {
    const {
      method,
      params,
      id = null,
    } = JSON.parse(text) as {
      method?: string;
      params?: string[];
      id?: unknown;
    };
    const refused = (msg: string): void => client.answer(JSON.stringify({ error: { code: 2, msg }, id }));
    if (method === 'LIST_SUBSCRIPTIONS') {
      client.answer(JSON.stringify({ result: [...client.subscriptions.values()], id }));
    } else if (method === 'SUBSCRIBE' || method === 'UNSUBSCRIBE') {
      if (!Array.isArray(params)) return refused('Invalid request: params must be an array');
      for (const stream of params) {
        if (method === 'SUBSCRIBE') client.subscriptions.set(canonical(stream), stream);
        else client.subscriptions.delete(canonical(stream));
      }
      if (client.subscriptions.size > streamsMax) return client.close(1008, 'too many streams');
      client.answer(JSON.stringify({ result: null, id }));
    } else refused('Invalid request: unknown method');
  }

  play({ text: recorded }: Recorded, clients: Iterable<VenueClient>): void {
    const name = streamPattern.exec(recorded)![1];
    // Candles of the recording make no sense once its times are moved.
    if (name.includes('@kline') && this.shift.moves) return;
    const text = this.shifted(recorded);
    const key = canonical(name);
    if (key.endsWith('@depth')) this.fold(text);
    else if (key.endsWith('@trade')) this.keep(text);
    let inner: string | null = null;
    for (const client of clients) {
      const asked = client.subscriptions.get(key) as string | undefined;
      if (asked === undefined) continue;
      inner ??= text.slice(text.indexOf('"data":') + '"data":'.length, -1);
      if (client.target.pathname.startsWith('/ws')) client.market(inner);
      else client.market(asked === name ? text : `{"stream":"${asked}","data":${inner}}`);
    }
  }

  answer(request: VenueRequest): VenueAnswer | null {
    const { method, path, query } = request;
    if (method === 'GET' && path.startsWith(this.prefix)) {
      const answer = this.publicAnswer(path.slice(this.prefix.length), query);
      if (answer) return answer;
    }
    const pair = binancePairs(this.market === 'spot' ? 'Spot' : 'UsdFutures').find(
      (one) => one.method === method && one.path === path,
    );
    if (!pair) return null;
    if (pair.authenticated && !request.headers['x-mbx-apikey']) {
      return refusal(401, { code: -2014, msg: 'API-key format invalid.' });
    }
    return { status: 200, body: pair.body };
  }

  private publicAnswer(name: string, query: URLSearchParams): VenueAnswer | null {
    if (name === 'ping') return { status: 200, body: {} };
    if (name === 'time') return { status: 200, body: { serverTime: Math.round(this.shift.nowMs()) } };
    if (name === 'exchangeInfo') return this.exchangeInfo(query);
    if (!['depth', 'klines', 'trades', 'historicalTrades', 'ticker/bookTicker'].includes(name)) return null;
    const symbol = query.get('symbol') ?? '';
    if (!this.symbols.some((one) => one.symbol === symbol)) return invalidSymbol;
    if (name === 'klines') return this.klines(symbol, query);
    if (name === 'trades') {
      const kept = (this.trades.get(symbol) ?? []).slice(-(whole(query, 'limit') ?? 500));
      return { status: 200, body: `[${kept.join(',')}]`, weight: 25 };
    }
    // Futures tell older trades to holders of a key alone.
    if (name === 'historicalTrades' && this.market === 'spot') {
      const fromId = whole(query, 'fromId') ?? 0;
      const kept = (this.trades.get(symbol) ?? []).filter((text) => JSON.parse(text).id >= fromId);
      return { status: 200, body: `[${kept.slice(0, whole(query, 'limit') ?? 500).join(',')}]`, weight: 25 };
    }
    const known = this.books.get(symbol);
    if (!known) return refusal(503, { code: -1000, msg: 'no book of this symbol was recorded' });
    const limit = Math.min(whole(query, 'limit') ?? 100, 5000);
    const [bids, asks] = [known.book.bids.top(limit), known.book.asks.top(limit)];
    if (name === 'ticker/bookTicker') {
      const [[bidPrice, bidQty], [askPrice, askQty]] = [bids[0], asks[0]];
      return { status: 200, body: { symbol, bidPrice, bidQty, askPrice, askQty } };
    }
    const nowMs = Math.round(this.shift.nowMs());
    const times = this.market === 'usdm' ? { E: nowMs, T: nowMs } : {};
    return {
      status: 200,
      body: { lastUpdateId: known.lastUpdateId + this.ahead('updates'), ...times, bids, asks },
      weight: limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250,
    };
  }

  private exchangeInfo(query: URLSearchParams): VenueAnswer {
    const named: string[] = query.has('symbols')
      ? JSON.parse(query.get('symbols')!)
      : query.has('symbol')
        ? [query.get('symbol')!]
        : this.symbols.map(({ symbol }) => symbol as string);
    const symbols = this.symbols.filter(({ symbol }) => named.includes(symbol as string));
    if (symbols.length < named.length) return invalidSymbol;
    return { status: 200, body: { ...this.info, symbols }, weight: 20 };
  }

  /** Fields that the candle files lack (quote volume, number of trades, taker volume) are zero. */
  private klines(symbol: string, query: URLSearchParams): VenueAnswer {
    const interval = query.get('interval') ?? '';
    if (!timeframes.includes(interval)) return refusal(400, { code: -1120, msg: 'Invalid interval.' });
    const rows = candleRows(this.market, symbol, interval) ?? [];
    const page = pageOf(rows, {
      fromMs: whole(query, 'startTime'),
      toMs: whole(query, 'endTime'),
      limit: Math.min(whole(query, 'limit') ?? 500, 1000),
    });
    const spanMs = Number.parseInt(interval) * unitMs[interval.at(-1)!];
    const body = page.map((row) => [...row, row[0] + spanMs - 1, '0', 0, '0', '0', '0']);
    return { status: 200, body, weight: 2 };
  }

  private fold(text: string): void {
    const { data } = JSON.parse(text) as { data: { s: string; u: number; b: Level[]; a: Level[] } };
    const known = this.books.get(data.s);
    const u = data.u - this.ahead('updates');
    if (!known || u <= known.lastUpdateId) return;
    known.book.apply(data.b, data.a);
    known.lastUpdateId = u;
  }

  private keep(text: string): void {
    const { data } = JSON.parse(text);
    const kept = this.trades.get(data.s) ?? [];
    const trade = { id: data.t, price: data.p, qty: data.q, time: data.T, isBuyerMaker: data.m };
    kept.push(JSON.stringify(trade));
    // Cut seldom: a copy of all of them for each trade would cost more than everything else here.
    if (kept.length > 2 * tradesKept) kept.splice(0, kept.length - tradesKept);
    this.trades.set(data.s, kept);
  }

  /** How far running numbers have moved: each kind by as many as the recording has, so that they go on without a hole. */
  private ahead(kind: 'trades' | 'updates' | 'aggregates'): number {
    if (this.shift.loop() === 0) return 0;
    this.spans ??= {
      trades: this.spanOf(/"t":(\d{1,12})[,}]/g),
      updates: this.spanOf(/"[uU]":(\d+)[,}]/g),
      aggregates: this.spanOf(/"[afl]":(\d+)[,}]/g),
    };
    return this.shift.loop() * this.spans[kind];
  }

  private spanOf(pattern: RegExp): number {
    let [least, most] = [Infinity, -Infinity];
    for (const { text } of this.recording.messages) {
      for (const [, id] of text.matchAll(pattern)) {
        least = Math.min(least, Number(id));
        most = Math.max(most, Number(id));
      }
    }
    return most < least ? 1 : most - least + 1;
  }

  private shifted(text: string): string {
    const timed = text.replace(
      /"([ET])":(\d{13})/g,
      (_, key, time) => `"${key}":${Math.round(this.shift.timeMs(Number(time)))}`,
    );
    if (this.shift.loop() === 0) return timed;
    return timed.replace(/"(t|u|U|pu|a|f|l)":(\d+)/g, (_, key: string, id) => {
      const kind = key === 't' ? 'trades' : /^[afl]$/.test(key) ? 'aggregates' : 'updates';
      return `"${key}":${Number(id) + this.ahead(kind)}`;
    });
  }
}

const invalidSymbol = refusal(400, { code: -1121, msg: 'Invalid symbol.' });
