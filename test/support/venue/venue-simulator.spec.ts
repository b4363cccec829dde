import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { marketFile, needsMarket } from '../market.js';
import { candleRows } from './candle-files.js';
import { PlainBook, type Level } from './plain-book.js';
import { recordings } from './recordings.js';
import { VenueSimulator, type VenueOptions } from './venue-simulator.js';

const present = needsMarket('the simulated venues, which serve recorded messages');

describe.runIf(present)('a simulated venue', () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function aVenue(options: VenueOptions): Promise<VenueSimulator> {
    const venue = await VenueSimulator.start(options);
    open.push(venue);
    return venue;
  }

  async function aClient(
    url: string,
    ...words: object[]
  ): Promise<{
    heard: string[];
    socket: WebSocket;
    said(text: string): Promise<void>;
    closed: Promise<number>;
  }> {
    const heard: string[] = [];
    const socket = new WebSocket(url);
    socket.on('message', (data) => heard.push(String(data)));
    socket.on('error', () => undefined);
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await new Promise((opened) => socket.on('open', opened));
    open.push({ close: () => socket.terminate() });
    const said = async (text: string): Promise<void> => {
      while (!heard.some((one) => one.includes(text))) await new Promise((wake) => setTimeout(wake, 5));
    };
    for (const word of words) socket.send(JSON.stringify(word));
    return { heard, socket, said, closed };
  }

  async function arrived(client: { heard: string[] }, count: number): Promise<void> {
    while (client.heard.length < count) await new Promise((wake) => setTimeout(wake, 5));
  }

  const get = (venue: VenueSimulator, path: string): Promise<Response> => fetch(`${venue.url}${path}`);
  const json = async (venue: VenueSimulator, path: string): Promise<any> => (await get(venue, path)).json();

  it('plays a Binance recording whole, in order and to the letter', async () => {
    const recording = recordings.binanceTicks();
    const venue = await aVenue({ venue: 'binance', recording });
    const streams = ['btcusdt@trade', 'btcusdt@bookTicker', 'btcusdt@depth@100ms'];
    const client = await aClient(`${venue.streamUrl}/stream?streams=${streams.join('/')}`);
    await venue.subscribed(...streams);
    await venue.play();
    await arrived(client, venue.total);
    expect(venue.total).toBe(99_573);
    expect(client.heard).toEqual(recording.messages.map(({ text }) => text));
  });

  it('gives a raw stream what it subscribed, until it unsubscribes', async () => {
    const venue = await aVenue({ venue: 'binance', recording: recordings.binanceTicks() });
    const client = await aClient(`${venue.streamUrl}/ws/0`, {
      method: 'SUBSCRIBE',
      params: ['btcusdt@trade'],
      id: 7,
    });
    await client.said('{"result":null,"id":7}');
    await venue.play(1000);
    await arrived(client, 2);
    expect(JSON.parse(client.heard[1])).toMatchObject({ e: 'trade', t: 3735683259, p: '61837.63000000' });
    client.socket.send(JSON.stringify({ method: 'UNSUBSCRIBE', params: ['btcusdt@trade'], id: 8 }));
    await client.said('"id":8');
    const before = client.heard.length;
    await venue.play(2000);
    client.socket.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 9 }));
    await client.said('{"result":[],"id":9}');
    expect(client.heard).toHaveLength(before + 1);
  });

  it.each([
    ['spot_btcusdt', 'binance', recordings.binanceTicks, '/api/v3/depth'],
    ['usdm_btcusdt', 'binance-futures', recordings.binanceFuturesTicks, '/fapi/v1/depth'],
  ] as const)('answers for the %s book as far as it has been played', async (name, kind, recording, path) => {
    const venue = await aVenue({ venue: kind, recording: recording() });
    const early = await json(venue, `${path}?symbol=BTCUSDT&limit=1000`);
    const expected = JSON.parse(readFileSync(marketFile('expected/l2_final_books.json'), 'utf8'))[name];
    expect(early.lastUpdateId).toBe(expected.snapshot_lastUpdateId);
    await venue.play();
    const late = await json(venue, `${path}?symbol=BTCUSDT&limit=20`);
    expect(late.lastUpdateId).toBe(expected.final_u);
    expect(late.bids).toEqual(expected.top20_bids);
    expect(late.asks).toEqual(expected.top20_asks);
    expect(early.bids).not.toEqual(late.bids);
  });

  it('pages through the candles of the files, a thousand at most', async () => {
    const venue = await aVenue({ venue: 'binance' });
    const rows = candleRows('spot', 'BTCUSDT', '1h')!;
    const fromMs = Date.UTC(2023, 0, 1);
    const seen: unknown[] = [];
    for (let startTime = fromMs; ;) {
      const path = `/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=5000&startTime=${startTime}`;
      const page = await json(venue, path);
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(1000);
      seen.push(...page.map((row: unknown[]) => row.slice(0, 6)));
      startTime = page.at(-1)[6] + 1;
    }
    expect(seen).toEqual(rows.filter(([time]) => time >= fromMs));
    expect((await get(venue, '/api/v3/klines?symbol=BTCUSDT&interval=7m')).status).toBe(400);
    expect((await get(venue, '/api/v3/klines?symbol=NOPE&interval=1h')).status).toBe(400);
  });

  it('knows the rest of the Binance interface from recorded requests and answers', async () => {
    const venue = await aVenue({ venue: 'binance' });
    const info = await json(venue, '/api/v3/exchangeInfo?symbols=["BTCUSDT","ETHUSDT"]');
    expect(info.symbols.map(({ symbol }: { symbol: string }) => symbol)).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect(await json(venue, '/api/v3/ping')).toEqual({});
    expect((await get(venue, '/api/v3/avgPrice?symbol=BTCUSDT')).status).toBe(200);
    expect((await get(venue, '/api/v3/account')).status).toBe(401);
    expect((await get(venue, '/api/v9/nothing')).status).toBe(404);
  });

  it('moves the times to the present, as dense as the speed, and the numbers on with every loop', async () => {
    const { messages, answers } = recordings.binanceTicks();
    const recording = { messages: messages.slice(0, 3000), answers };
    const venue = await aVenue({
      venue: 'binance',
      recording,
      speed: 100,
      times: 'present',
      playWhen: 'any',
      loop: true,
    });
    const beganMs = Date.now();
    const client = await aClient(`${venue.streamUrl}/ws/btcusdt@trade`);
    expect(await client.closed).toBe(1001);
    const spanMs = (messages[2999].atMs - messages[0].atMs) / 100;
    expect(Date.now() - beganMs).toBeGreaterThanOrEqual(spanMs - 5);
    const first = client.heard.map((text) => JSON.parse(text));
    const again = await aClient(`${venue.streamUrl}/ws/btcusdt@trade`);
    await arrived(again, 1);
    for (const { T } of first) {
      expect(T).toBeGreaterThanOrEqual(beganMs);
      expect(T).toBeLessThanOrEqual(beganMs + spanMs + 2_000);
    }
    expect(JSON.parse(again.heard[0]).t).toBeGreaterThan(Math.max(...first.map(({ t }) => t)));
  });

  it('gives a Coinbase client that comes late the book as it stands', async () => {
    const venue = await aVenue({ venue: 'coinbase' });
    const ask = { type: 'subscribe', product_ids: ['SKL-USD'], channels: ['level2', 'matches', 'ticker'] };
    const early = await aClient(venue.streamUrl, ask);
    await early.said('"type":"subscriptions"');
    await venue.play(5000);
    const late = await aClient(venue.streamUrl, ask);
    await late.said('"type":"snapshot"');
    await venue.play();
    const bookOf = (heard: string[]): PlainBook => {
      let book = new PlainBook();
      for (const message of heard.map((text) => JSON.parse(text))) {
        if (message.type === 'snapshot') book = PlainBook.of(message.bids, message.asks);
        if (message.type !== 'l2update') continue;
        for (const [side, price, size] of message.changes) {
          book.apply(side === 'buy' ? [[price, size]] : [], side === 'sell' ? [[price, size]] : []);
        }
      }
      return book;
    };
    const last = recordings.coinbase().messages.findLast(({ text }) => text.includes('"SKL-USD"'))!.text;
    await Promise.all([early.said(last), late.said(last)]);
    const [one, other] = [bookOf(early.heard), bookOf(late.heard)];
    expect(one.asks.top(10)).toHaveLength(10);
    expect(other.asks.top(500)).toEqual(one.asks.top(500));
    expect(other.bids.top(500)).toEqual(one.bids.top(500));
    expect(late.heard.length).toBeLessThan(early.heard.length);
    const answered = await json(venue, '/products/SKL-USD/book?level=2');
    expect(answered.bids.map((level: unknown[]) => level.slice(0, 2))).toEqual(one.bids.top(50_000));
    const trades = await json(venue, '/products/SKL-USD/trades');
    const matches = early.heard.map((text) => JSON.parse(text)).filter(({ type }) => /match/.test(type));
    expect(trades.map(({ price }: { price: string }) => price)).toEqual(
      matches.map(({ price }) => price).reverse(),
    );
    expect((await get(venue, '/products/NOPE-USD')).status).toBe(404);
    const wrong = await aClient(venue.streamUrl, { ...ask, product_ids: ['NOPE-USD'] });
    await wrong.said('NOPE-USD is not a valid product');
  });

  it('speaks the retired protocol of Kraken, whose checksums agree with the books it keeps', async () => {
    const venue = await aVenue({ venue: 'kraken' });
    const subscription = { name: 'book', depth: 1000 };
    const client = await aClient(venue.streamUrl, {
      event: 'subscribe',
      pair: ['SC/EUR', 'ADA/XBT'],
      subscription,
    });
    await client.said('"status":"subscribed"');
    await venue.play();
    client.socket.send(JSON.stringify({ event: 'ping', reqid: 3 }));
    await client.said('{"event":"pong","reqid":3}');
    let checked = 0;
    const books = new Map<string, PlainBook>();
    const digits = (levels: Level[]): string =>
      levels
        .flatMap(([price, size]) => [price, size].map((text) => text.replace('.', '').replace(/^0+/, '')))
        .join('');
    for (const message of client.heard
      .filter((text) => text.startsWith('['))
      .map((text) => JSON.parse(text))) {
      const pair = message.at(-1);
      for (const part of message.slice(1, -2)) {
        if (part.as) books.set(pair, PlainBook.of(part.bs, part.as));
        const book = books.get(pair)!;
        book.apply(part.b ?? [], part.a ?? []);
        book.bids.truncate(1000);
        book.asks.truncate(1000);
        if (part.c === undefined) continue;
        expect(crc32(digits(book.asks.top(10)) + digits(book.bids.top(10)))).toBe(Number(part.c));
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(500);
    const { result } = await json(venue, '/0/public/AssetPairs?pair=XXMRZUSD');
    expect(result.XXMRZUSD.wsname).toBe('XMR/USD');
    expect(Object.keys((await json(venue, '/0/public/AssetPairs')).result)).toHaveLength(304);
    expect((await json(venue, '/0/public/Trades?pair=XXMRZUSD')).result.XXMRZUSD.length).toBeGreaterThan(3);
  });

  describe('that misbehaves', () => {
    const recording = (): VenueOptions['recording'] => {
      const { messages, answers } = recordings.binanceTicks();
      return { messages: messages.filter(({ text }) => text.includes('@trade')).slice(0, 2000), answers };
    };
    const texts = (): string[] => recording()!.messages.map(({ text }) => text);

    async function played(
      seed: number,
      stream: VenueSimulator['faults']['stream'],
    ): Promise<{
      venue: VenueSimulator;
      heard: string[];
    }> {
      const venue = await aVenue({ venue: 'binance', recording: recording(), seed });
      venue.faults.stream = stream;
      const client = await aClient(`${venue.streamUrl}/stream?streams=btcusdt@trade`);
      await venue.play();
      venue.faults.stream = {};
      venue.say('the end');
      await client.said('the end');
      return { venue, heard: client.heard.slice(0, -1) };
    }

    it('drops, repeats, swaps and breaks messages, the same ones for the same seed', async () => {
      const faults = { drop: 0.05, duplicate: 0.05, reorder: 0.05, corrupt: 0.05 };
      const { venue, heard } = await played(1, faults);
      const { dropped, duplicated, reordered, corrupted } = venue.fates;
      for (const count of [dropped, duplicated, reordered, corrupted]) expect(count).toBeGreaterThan(50);
      expect(heard).toHaveLength(2000 - dropped + duplicated);
      const whole = new Set(texts());
      expect(heard.filter((text) => !whole.has(text))).toHaveLength(corrupted);
      expect((await played(1, faults)).heard).toEqual(heard);
      expect((await played(2, faults)).heard).not.toEqual(heard);
    });

    it('holds messages back without changing their order', async () => {
      const { venue, heard } = await played(1, { delay: 0.01, delayMs: 20 });
      expect(venue.fates.delayed).toBeGreaterThan(5);
      expect(heard).toEqual(texts());
    });

    it('cuts the connection after a number of messages, and takes the client back', async () => {
      const venue = await aVenue({ venue: 'binance', recording: recording() });
      venue.faults.stream = { disconnectAfter: 100 };
      const first = await aClient(`${venue.streamUrl}/stream?streams=btcusdt@trade`);
      await venue.play(500);
      expect(await first.closed).toBe(1006);
      expect(first.heard.length).toBeLessThanOrEqual(100);
      const second = await aClient(`${venue.streamUrl}/stream?streams=btcusdt@trade`);
      await venue.play(550);
      await arrived(second, 50);
      expect(second.heard).toEqual(texts().slice(500, 550));
      expect(venue.connections).toBe(2);
    });

    it('falls silent but stays open, and answers no ping then', async () => {
      const venue = await aVenue({ venue: 'binance', recording: recording() });
      const client = await aClient(`${venue.streamUrl}/stream?streams=btcusdt@trade`);
      const pongs: string[] = [];
      client.socket.on('pong', (data) => pongs.push(String(data)));
      client.socket.ping('first');
      while (pongs.length === 0) await new Promise((wake) => setTimeout(wake, 5));
      venue.faults.stream = { silentAfter: 10 };
      await venue.play();
      await arrived(client, 10);
      client.socket.ping('second');
      await new Promise((wake) => setTimeout(wake, 50));
      expect(client.heard).toEqual(texts().slice(0, 10));
      expect(pongs).toEqual(['first']);
      expect(venue.connected).toBe(1);
    });

    it('refuses every connection, until it accepts again at the same address', async () => {
      const venue = await aVenue({ venue: 'binance' });
      const client = await aClient(`${venue.streamUrl}/ws/btcusdt@trade`);
      await venue.refuse();
      await client.closed;
      await expect(get(venue, '/api/v3/ping')).rejects.toThrow('fetch failed');
      await venue.accept();
      expect((await get(venue, '/api/v3/ping')).status).toBe(200);
      venue.faults.rest.push({ path: 'upgrade', kind: 'status', status: 429, times: 1 });
      const refused = new WebSocket(`${venue.streamUrl}/ws/btcusdt@trade`);
      const [, response] = await new Promise<[unknown, { statusCode: number }]>((resolve) =>
        refused.on('unexpected-response', (...said) => resolve(said as never)),
      );
      expect(response.statusCode).toBe(429);
    });

    it('answers with pages, refusals, halves, silence or a cut line, as often as it is told', async () => {
      const venue = await aVenue({ venue: 'binance' });
      const { rest } = venue.faults;
      rest.push({ path: '/ping', kind: 'status', status: 429, retryAfterSeconds: 7, times: 1 });
      rest.push({ path: '/ping', kind: 'status', status: 418, retryAfterSeconds: 120, times: 1 });
      rest.push({ path: '/ping', kind: 'status', times: 1 }, { path: '/ping', kind: 'html', times: 1 });
      const statuses = [];
      for (let n = 0; n < 5; n += 1) {
        const { status, headers } = await get(venue, '/api/v3/ping');
        statuses.push([status, headers.get('retry-after'), headers.get('content-type')]);
      }
      expect(statuses).toEqual([
        [429, '7', 'application/json'],
        [418, '120', 'application/json'],
        [503, null, 'text/html'],
        [200, null, 'text/html'],
        [200, null, 'application/json'],
      ]);
      rest.push({ path: '/time', kind: 'cut', times: 1 }, { path: '/time', kind: 'reset', times: 1 });
      await expect(json(venue, '/api/v3/time')).rejects.toThrow(SyntaxError);
      await expect(get(venue, '/api/v3/time')).rejects.toThrow('fetch failed');
      rest.push({ path: '/time', kind: 'hang', times: 1 });
      await expect(fetch(`${venue.url}/api/v3/time`, { signal: AbortSignal.timeout(50) })).rejects.toThrow(
        'timeout',
      );
      expect((await get(venue, '/api/v3/time')).status).toBe(200);
    });

    it('keeps a request budget and tells what has been used of it', async () => {
      const venue = await aVenue({ venue: 'binance', weightPerMinuteMax: 45 });
      expect(
        (await get(venue, '/api/v3/exchangeInfo?symbol=BTCUSDT')).headers.get('x-mbx-used-weight-1m'),
      ).toBe('20');
      expect((await get(venue, '/api/v3/exchangeInfo?symbol=BTCUSDT')).status).toBe(200);
      const over = await get(venue, '/api/v3/exchangeInfo?symbol=BTCUSDT');
      expect(over.status).toBe(429);
      expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    });
  });
});
