import { WebSocket } from 'ws';
import type { Random } from '../../kernel/random.js';
import type { Clock } from '../../kernel/time.js';
import { backoffMs } from '../venues/backoff.js';
import { retryAfterMs } from '../venues/retry-after.js';

/** Largest message taken: a whole book of Coinbase has some 5 MB. */
const messageBytesMax = 32 * 1024 * 1024;
/** A connection that lived as long was a good one: the next loss begins with the first wait again. */
const steadyMs = 10_000;
/** Close codes with which a venue says that we asked for something wrong or too much. */
const unwelcome = new Set([1003, 1007, 1008, 1009, 1013]);

export interface SocketRhythm {
  readonly connectMsMax: number;
  /** How often a ping is sent; its pong says that nothing sent before it is under way any more. */
  readonly pingMs: number;
  /** Silence, pongs included, after which a connection is given up. */
  readonly silentMsMax: number;
  readonly firstRetryMs: number;
  readonly retryMsMax: number;
}

export const ordinaryRhythm: SocketRhythm = {
  connectMsMax: 10_000,
  pingMs: 2_000,
  silentMsMax: 10_000,
  firstRetryMs: 250,
  retryMsMax: 30_000,
};

/** Why a connection ended, in few words, and for people. */
export const lossReasons = ['closed', 'silent', 'unreachable', 'refused', 'restarted'] as const;
export type LossReason = (typeof lossReasons)[number];

/** Who listens. `heard` must not wait for anybody. */
export interface SocketEars {
  /** The connection is open: now is the time to subscribe. */
  opened(): void;
  heard(text: string): void;
  /** Frames that are no text. */
  heardBytes(): void;
  /** What the venue sent before `sentMs`, on our clock, has been heard. */
  alive(sentMs: number): void;
  lost(reason: LossReason, says: string): void;
}

/**
 * One WebSocket to a venue that stays open until `close`: connects with a time limit, pings, gives up what is silent,
 * and connects again after growing, jittered waits; a venue that asks for a rest gets it. Messages are handed on as
 * they come, so nothing gathers here.
 */
export class VenueSocket {
  private socket: WebSocket | null = null;
  private timer: NodeJS.Timeout | null = null;
  private heart: NodeJS.Timeout | null = null;
  private attempt = 0;
  private openedAtMs: number | null = null;
  private heardAtMs = 0;
  private wanted = false;
  private restFor: { ms: number; says: string } | null = null;

  constructor(
    private readonly url: string,
    private readonly ears: SocketEars,
    private readonly parts: { readonly clock: Clock; readonly random: Random; readonly rhythm: SocketRhythm },
  ) {}

  get connected(): boolean {
    return this.openedAtMs !== null;
  }

  open(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
  }

  /** False when there is no open connection. */
  send(text: string): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(text);
    return true;
  }

  /** Ends this connection and makes another one, e.g. since a book cannot be followed any more. */
  restart(says: string): void {
    if (this.socket) this.end(this.socket, 'restarted', says);
  }

  /** At once: nobody waits for a venue to say goodbye. */
  close(): void {
    this.wanted = false;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.socket) this.end(this.socket, 'closed', 'closed by us');
  }

  private connect(): void {
    this.timer = null;
    const { rhythm, clock } = this.parts;
    this.restFor = null;
    const socket = new WebSocket(this.url, {
      handshakeTimeout: rhythm.connectMsMax,
      maxPayload: messageBytesMax,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.socket = socket;
    const current = (): boolean => this.socket === socket;
    socket.on('open', () => {
      if (!current()) return;
      this.openedAtMs = this.heardAtMs = clock.monotonicMs();
      this.beat(socket);
      this.ears.opened();
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!current()) return;
      this.heardAtMs = clock.monotonicMs();
      if (isBinary) this.ears.heardBytes();
      else this.ears.heard(data.toString('utf8'));
    });
    socket.on('pong', (data: Buffer) => {
      if (!current()) return;
      this.heardAtMs = clock.monotonicMs();
      const sentMs = Number(data.toString('latin1'));
      if (Number.isSafeInteger(sentMs)) this.ears.alive(sentMs);
    });
    socket.on('ping', () => {
      this.heardAtMs = clock.monotonicMs();
    });
    socket.on('unexpected-response', (_request, response) => {
      const { statusCode = 0, headers } = response;
      const restMs = retryAfterMs(headers['retry-after'], clock.nowMs());
      this.restFor = {
        ms: Math.max(restMs ?? 0, statusCode < 500 ? rhythm.retryMsMax : 0),
        says: `the handshake was answered ${statusCode}`,
      };
      response.destroy();
      this.end(socket, 'refused', this.restFor.says);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.end(socket, this.connected ? 'closed' : 'unreachable', error.code ?? error.message);
    });
    socket.on('close', (code: number, reason: Buffer) => {
      const words = reason.toString('utf8').slice(0, 120);
      const says = `the venue closed the connection with ${code}${words ? `, ${JSON.stringify(words)}` : ''}`;
      if (unwelcome.has(code)) this.restFor = { ms: rhythm.retryMsMax / 4, says };
      this.end(socket, unwelcome.has(code) ? 'refused' : 'closed', says);
    });
  }

  private beat(socket: WebSocket): void {
    const { rhythm, clock } = this.parts;
    this.heart = setInterval(() => {
      if (clock.monotonicMs() - this.heardAtMs >= rhythm.silentMsMax) {
        this.end(socket, 'silent', `nothing was heard for ${rhythm.silentMsMax} ms`);
        return;
      }
      if (socket.readyState === WebSocket.OPEN) socket.ping(String(clock.nowMs()));
    }, rhythm.pingMs);
  }

  /** Each connection ends once, however many events say so. */
  private end(socket: WebSocket, reason: LossReason, says: string): void {
    if (this.socket !== socket) return;
    this.socket = null;
    if (this.heart) clearInterval(this.heart);
    this.heart = null;
    const { clock, random, rhythm } = this.parts;
    const livedMs = this.openedAtMs === null ? 0 : clock.monotonicMs() - this.openedAtMs;
    this.openedAtMs = null;
    // What still comes of a dead socket has nobody left to hear it.
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.terminate();
    if (this.wanted) {
      if (livedMs >= steadyMs) this.attempt = 0;
      const backoff = { firstMs: rhythm.firstRetryMs, maxMs: rhythm.retryMsMax };
      const waitMs = Math.max(this.restFor?.ms ?? 0, backoffMs(backoff, this.attempt, random.nextFloat()));
      this.attempt += 1;
      this.timer = setTimeout(() => this.connect(), waitMs);
    }
    this.ears.lost(reason, says);
  }
}
