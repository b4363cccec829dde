import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { BinanceVenue } from './binance-venue.js';
import { CoinbaseVenue } from './coinbase-venue.js';
import type { Dialect, Shift } from './dialect.js';
import type { Fate, RestFault, StreamFaults } from './faults.js';
import { KrakenVenue } from './kraken-venue.js';
import { Playback, type Speed } from './playback.js';
import { recordings, type Recording } from './recordings.js';
import { RestDesk } from './rest-desk.js';
import { VenueClient } from './venue-client.js';

export type VenueName = 'binance' | 'binance-futures' | 'coinbase' | 'kraken';

export interface VenueOptions {
  readonly venue: VenueName;
  /** What is played; the recording of that venue under `wire/` when left out. */
  readonly recording?: Recording;
  /** A multiple of the recorded speed, or as fast as the clients read (when left out). */
  readonly speed?: Speed;
  /** `present` moves the recorded times to now, `speed` times as dense. */
  readonly times?: 'recorded' | 'present';
  /** Begins to play when all of these streams are subscribed, `any` at the first; by itself it plays nothing. */
  readonly playWhen?: 'any' | readonly string[];
  /** Starts over for ever, with running numbers that go on; connections are closed as after 24 hours. */
  readonly loop?: boolean;
  /** Requests cost weight; past this within a minute they are answered 429. */
  readonly weightPerMinuteMax?: number;
  readonly seed?: number;
  readonly port?: number;
}

/**
 * A venue on loopback: real HTTP and WebSocket that serve recorded messages as the venue would, and misbehave on
 * demand, the same way for the same seed. `faults` may be changed at any time.
 */
export class VenueSimulator {
  readonly faults: { stream: StreamFaults; readonly rest: RestFault[] };
  /** What became of the market messages of all clients. */
  readonly fates: Record<Fate, number> = {
    sent: 0,
    dropped: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    delayed: 0,
  };
  connections = 0;
  private readonly clients = new Set<VenueClient>();
  private readonly sockets = new Set<Socket>();
  private readonly streams = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
  });
  private readonly playback: Playback;
  private readonly dialect: Dialect;
  private readonly desk: RestDesk;
  private server: Server | null = null;
  private port = 0;
  private autoplays = false;
  private loops = 0;
  private recordedMs = 0;
  private originMs = 0;
  private closed = false;

  private constructor(
    private readonly options: VenueOptions,
    private readonly recording: Recording,
  ) {
    const { speed = 'max' } = options;
    const pace = speed === 'max' ? 1 : speed;
    const moves = options.times === 'present';
    const [first] = recording.messages;
    const shift: Shift = {
      moves,
      timeMs: (ms) => (moves ? this.originMs + (ms - first.atMs) / pace : ms),
      nowMs: () => (moves ? Date.now() : this.recordedMs),
      loop: () => this.loops,
    };
    this.recordedMs = first.atMs;
    this.originMs = Date.now();
    this.dialect = dialectOf(options.venue, recording, shift);
    this.desk = new RestDesk(this.dialect, options.weightPerMinuteMax ?? Infinity);
    this.faults = { stream: {}, rest: this.desk.faults };
    this.playback = new Playback(recording.messages, speed, {
      deliver: (message) => {
        this.recordedMs = message.atMs;
        this.dialect.play(message, this.clients);
      },
      unread: () => Math.max(0, ...[...this.clients].map((client) => client.unread)),
    });
  }

  static async start(options: VenueOptions): Promise<VenueSimulator> {
    const venue = new VenueSimulator(options, options.recording ?? recordingOf[options.venue]());
    venue.port = options.port ?? 0;
    await venue.accept();
    return venue;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get streamUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Messages played so far, of all that were recorded. */
  get played(): number {
    return this.playback.played;
  }

  get total(): number {
    return this.recording.messages.length;
  }

  get connected(): number {
    return this.clients.size;
  }

  /** Path and query of each request, in order, with the status it was answered with (0: none). */
  get requests(): readonly { target: string; status: number }[] {
    return this.desk.requests;
  }

  /** Plays until `upTo` messages have been played in all, or to the end; resolves when they are out. */
  async play(upTo?: number): Promise<void> {
    if (this.playback.played === 0) this.originMs = Date.now();
    await this.playback.play(upTo);
    for (const client of this.clients) client.flush();
  }

  /** Resolves when somebody subscribes each of `streams`, named as on the wire (`btcusdt@trade`, `matches BTC-USD`). */
  async subscribed(...streams: string[]): Promise<void> {
    const asked = streams.map((stream) => stream.replace(/@depth(@\d+ms)?$/, '@depth'));
    while (
      !asked.every((stream) => [...this.clients].some(({ subscriptions }) => subscriptions.has(stream)))
    ) {
      await new Promise((wake) => setTimeout(wake, 5));
    }
  }

  /** Resolves when `times` requests whose path contains `path` were answered well. */
  async asked(path: string, times = 1): Promise<void> {
    const answered = (): number =>
      this.requests.filter(({ target, status }) => status === 200 && target.includes(path)).length;
    while (answered() < times) await new Promise((wake) => setTimeout(wake, 5));
  }

  /** Says `text` to every client, whatever it is: what no recording holds. */
  say(text: string): void {
    for (const client of this.clients) client.market(text);
  }

  /** Every stream breaks, without a word or with a close frame. */
  disconnect(code?: number, reason = ''): void {
    for (const client of this.clients) {
      if (code === undefined) client.cut();
      else client.close(code, reason);
    }
  }

  /** Nobody listens at the address any more, and what is open breaks. */
  async refuse(): Promise<void> {
    const server = this.server;
    if (server === null) return;
    this.server = null;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Listens again, at the same address. */
  async accept(): Promise<void> {
    if (this.server !== null) return;
    const server = createServer((request, response) => this.desk.answer(request, response));
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, head) => {
      const fault = this.desk.due('upgrade');
      if (fault) {
        socket.end(
          `HTTP/1.1 ${fault.status ?? 503} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
        );
        return;
      }
      this.streams.handleUpgrade(request, socket, head, (stream) => {
        const client = new VenueClient(stream, new URL(request.url!, this.url), {
          seed: (this.options.seed ?? 1) * 7919 + this.connections,
          faults: () => this.faults.stream,
          count: (fate) => (this.fates[fate] += 1),
        });
        this.connections += 1;
        this.clients.add(client);
        stream.on('close', () => this.clients.delete(client));
        stream.on('error', () => client.cut());
        stream.on('ping', (data) => client.pong(data));
        stream.on('message', (data) => this.heard(client, String(data)));
        this.dialect.connected(client);
        this.playIfAsked();
      });
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.playback.end();
    await this.refuse();
  }

  private heard(client: VenueClient, text: string): void {
    try {
      this.dialect.heard(client, text);
    } catch {
      client.close(1008, 'not understood');
    }
    this.playIfAsked();
  }

  private playIfAsked(): void {
    const { playWhen } = this.options;
    if (playWhen === undefined || this.autoplays) return;
    if (![...this.clients].some(({ subscriptions }) => subscriptions.size > 0)) return;
    this.autoplays = true;
    void (async () => {
      if (playWhen !== 'any') await this.subscribed(...playWhen);
      await this.play();
      while (this.options.loop && !this.closed) {
        this.loops += 1;
        this.playback.rewind();
        this.dialect.rewind();
        this.disconnect(1001, 'connected for 24 hours');
        await this.play();
      }
    })();
  }
}

const recordingOf: Record<VenueName, () => Recording> = {
  binance: recordings.binance,
  'binance-futures': recordings.binanceFutures,
  coinbase: recordings.coinbase,
  kraken: recordings.kraken,
};

function dialectOf(venue: VenueName, recording: Recording, shift: Shift): Dialect {
  switch (venue) {
    case 'binance':
      return new BinanceVenue(recording, 'spot', recordings.binance(), shift);
    case 'binance-futures':
      return new BinanceVenue(recording, 'usdm', recordings.binanceFutures(), shift);
    case 'coinbase':
      return new CoinbaseVenue(recording, shift);
    case 'kraken':
      return new KrakenVenue(recording, shift);
  }
}
