import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Principal } from '../../kernel/principal.js';
import { toRfc3339, type Clock } from '../../kernel/time.js';
import { decide, type Policy } from '../access/gcra.js';
import type { GatewayMetrics } from '../gateway.metrics.js';
import type { AccessClaims } from '../identity/access-tokens.service.js';
import type { AccountFeed } from './account-feed.js';
import type { Frame } from './frame.js';
import { FollowedListener, type Recipient } from './followed-listener.js';
import type { Followed } from './listening.js';
import { closeCodes } from './messages.js';
import { textFrame } from './wire-frame.js';
import type { Writer, WriteTurn } from './write-turn.adapter.js';

const authWithinMs = 5_000;
const heartbeatMs = 1_000;
const pingMs = 20_000;
const silentMsMax = 60_000;
/** Bytes of one turn that are worth a write of their own, so that a burst does not make anybody look slow. */
const turnBytesMax = 16_384;

/** Who a client is, by the newest token it sent. */
export interface SignedIn {
  readonly claims: AccessClaims;
  readonly principal: Principal;
}

/** What all clients have in common. */
export interface ClientParts {
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly turn: WriteTurn;
  readonly messages: Policy;
  readonly bufferBytesMax: number;
}

/** What a client listens to under one of its ids. */
export type Heard =
  | {
      readonly kind: 'topic';
      readonly followed: Followed;
      readonly listener: FollowedListener;
      /** Ends it at the topic. */
      readonly leave: () => void;
    }
  | { readonly kind: 'account'; readonly accountId: string; readonly feed: AccountFeed };

/** One WebSocket: who it is, what it hears, how far it is behind, and when it was last heard of. */
export class StreamClient implements Recipient, Writer {
  readonly heard = new Map<string, Heard>();
  signedIn: SignedIn | null = null;
  private readonly openedMs: number;
  private lastSentMs: number;
  private lastHeardMs: number;
  private lastPingMs: number;
  private messagesFullAtMs = 0;
  /** What goes out at the end of this turn. */
  private outgoing: Buffer[] = [];
  private outgoingBytes = 0;
  private waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  /** `wire` is the connection under `socket`: frames are ready, so they are written to it as they are. */
  constructor(
    private readonly socket: WebSocket,
    private readonly wire: Duplex,
    private readonly parts: ClientParts,
  ) {
    const nowMs = parts.clock.monotonicMs();
    this.openedMs = this.lastSentMs = this.lastHeardMs = this.lastPingMs = nowMs;
    socket.on('pong', () => {
      this.lastHeardMs = this.parts.clock.monotonicMs();
    });
    socket.on('close', () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error('the stream client is gone'));
    });
  }

  /** Bytes that are not on their way yet. */
  get unsentBytes(): number {
    return this.outgoingBytes + this.wire.writableLength;
  }

  /** Topics wait from here on; a quarter of what closes a client that still must be told something. */
  get isSlow(): boolean {
    return this.unsentBytes > this.parts.bufferBytesMax / 4;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  listen(id: string, followed: Followed, leave: (listener: FollowedListener) => void): void {
    const listener = new FollowedListener(this, followed);
    this.heard.set(id, { kind: 'topic', followed, listener, leave: () => leave(listener) });
    followed.listeners.add(listener);
  }

  /** Takes one message into account. False when there were too many. */
  mayTalk(): boolean {
    const nowMs = this.parts.clock.monotonicMs();
    this.lastHeardMs = nowMs;
    const { allowed, fullAtMs } = decide(this.parts.messages, this.messagesFullAtMs, nowMs);
    this.messagesFullAtMs = fullAtMs;
    return allowed;
  }

  say(message: object): void {
    this.send(textFrame(JSON.stringify(message)));
  }

  sendFrame(frame: Frame): void {
    this.parts.metrics.streamFrames.inc({ channel: frame.channel });
    this.send(frame.bytes);
  }

  /** What is sent is never dropped: who cannot take it is closed, and resumes its accounts by `since`. */
  send(bytes: Buffer): void {
    if (!this.isOpen) return;
    if (this.unsentBytes > this.parts.bufferBytesMax) {
      this.close(closeCodes.tooSlow, 'too slow; resume by since', 'too-slow');
      return;
    }
    if (this.outgoing.push(bytes) === 1) this.parts.turn.add(this);
    this.outgoingBytes += bytes.length;
    if (this.outgoingBytes >= turnBytesMax) this.flush();
  }

  flush(): void {
    const { outgoing } = this;
    if (outgoing.length === 0) return;
    this.outgoing = [];
    this.outgoingBytes = 0;
    if (!this.isOpen) return;
    this.lastSentMs = this.parts.clock.monotonicMs();
    if (outgoing.length === 1) {
      this.wire.write(outgoing[0]);
      return;
    }
    this.wire.cork();
    for (const bytes of outgoing) this.wire.write(bytes);
    this.wire.uncork();
  }

  /** Resolves when the client has room, rejects when it is gone. */
  room(): Promise<void> {
    if (!this.isOpen) return Promise.reject(new Error('the stream client is gone'));
    if (!this.isSlow) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  close(code: number, reason: string, counted: string): void {
    if (!this.isOpen) return;
    this.flush();
    this.parts.metrics.streamClosed.inc({ reason: counted });
    this.socket.close(code, reason);
  }

  terminate(): void {
    this.socket.terminate();
  }

  /** Called a few times a second: what is due, is sent or done. `heartbeat` is the same for all. */
  tick(heartbeat: Buffer): void {
    if (!this.isOpen) return;
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.lastHeardMs > silentMsMax) {
      this.parts.metrics.streamClosed.inc({ reason: 'silent' });
      this.terminate();
      return;
    }
    if (this.signedIn === null) {
      if (nowMs - this.openedMs > authWithinMs) {
        this.close(closeCodes.unauthenticated, 'not authenticated within 5 s', 'unauthenticated');
      }
      return;
    }
    if (nowMs - this.lastPingMs >= pingMs) {
      this.lastPingMs = nowMs;
      this.socket.ping();
    }
    if (!this.isSlow) this.recover();
    if (nowMs - this.lastSentMs >= heartbeatMs) this.send(heartbeat);
  }

  private recover(): void {
    for (const heard of this.heard.values()) {
      const frame = heard.kind === 'topic' ? heard.listener.recover() : null;
      if (frame) this.parts.metrics.streamFrames.inc({ channel: frame.channel });
    }
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }
}

/** The heartbeat of this moment. */
export function heartbeatAt(nowMs: number): Buffer {
  return textFrame(JSON.stringify({ op: 'heartbeat', ts: toRfc3339(nowMs) }));
}
