import { WebSocket } from 'ws';
import { toRfc3339, type Clock } from '../../kernel/time.js';
import type { AccessClaims } from '../identity/access-tokens.service.js';
import type { GatewayMetrics } from '../gateway.metrics.js';
import { decide, type Policy } from '../access/gcra.js';
import type { AccountFeed } from './account-feed.js';
import type { Frame } from './frame.js';
import { closeCodes } from './messages.js';
import type { Listener, Topic } from './topic.js';

const authWithinMs = 5_000;
const heartbeatMs = 1_000;
const pingMs = 20_000;
const silentMsMax = 60_000;

export interface ClientLimits {
  readonly messages: Policy;
  readonly bufferBytesMax: number;
}

/** What a client listens to under one of its ids. */
export type Heard =
  | { readonly kind: 'market'; readonly topic: Topic; readonly listener: MarketListener }
  | { readonly kind: 'account'; readonly accountId: string; readonly feed: AccountFeed };

/** Passes a topic on to one client; to a slow one it passes nothing until a fresh snapshot can be sent. */
class MarketListener implements Listener {
  private missed = 0;
  private behind = false;
  constructor(
    private readonly client: StreamClient,
    private readonly topic: Topic,
    private readonly metrics: GatewayMetrics,
  ) {}

  offer(frame: Frame, weight: number): void {
    if (this.behind || this.client.isSlow) {
      this.behind = true;
      this.missed += weight;
      this.metrics.streamConflated.inc({ channel: frame.channel });
    } else {
      this.client.sendFrame(frame);
    }
  }

  /** Sends the snapshot a slow client waits for, once it has room. */
  recover(): void {
    if (!this.behind || this.client.isSlow) return;
    this.client.sendFrame(this.topic.snapshot(this.missed));
    this.behind = false;
    this.missed = 0;
  }
}

/** One WebSocket: who it is, what it hears, how far it is behind, and when it was last heard of. */
export class StreamClient {
  readonly heard = new Map<string, Heard>();
  claims: AccessClaims | null = null;
  private readonly openedMs: number;
  private lastSentMs: number;
  private lastHeardMs: number;
  private lastPingMs: number;
  private messagesFullAtMs = 0;
  private waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    private readonly socket: WebSocket,
    private readonly clock: Clock,
    private readonly limits: ClientLimits,
    private readonly metrics: GatewayMetrics,
  ) {
    const nowMs = clock.monotonicMs();
    this.openedMs = this.lastSentMs = this.lastHeardMs = this.lastPingMs = nowMs;
    socket.on('pong', () => {
      this.lastHeardMs = this.clock.monotonicMs();
    });
    socket.on('close', () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error('the stream client is gone'));
    });
  }

  /** Market channels wait from here on; a quarter of what would close a client with account events. */
  get isSlow(): boolean {
    return this.socket.bufferedAmount > this.limits.bufferBytesMax / 4;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  listen(id: string, topic: Topic): void {
    const listener = new MarketListener(this, topic, this.metrics);
    this.heard.set(id, { kind: 'market', topic, listener });
    topic.listeners.add(listener);
  }

  /** Takes one message into account. False when there were too many. */
  mayTalk(): boolean {
    const nowMs = this.clock.monotonicMs();
    this.lastHeardMs = nowMs;
    const { allowed, fullAtMs } = decide(this.limits.messages, this.messagesFullAtMs, nowMs);
    this.messagesFullAtMs = fullAtMs;
    return allowed;
  }

  say(message: object): void {
    this.send(Buffer.from(JSON.stringify(message)));
  }

  sendFrame(frame: Frame): void {
    this.metrics.streamFrames.inc({ channel: frame.channel });
    this.send(frame.bytes);
  }

  /** Account events are never dropped: who cannot take them is closed, and resumes by `since`. */
  sendAccount(frame: Frame): void {
    if (this.socket.bufferedAmount > this.limits.bufferBytesMax) {
      this.close(closeCodes.tooSlow, 'too slow; resume by since', 'too-slow');
      return;
    }
    this.sendFrame(frame);
  }

  /** Resolves when the client has room, rejects when it is gone. */
  room(): Promise<void> {
    if (!this.isOpen) return Promise.reject(new Error('the stream client is gone'));
    if (!this.isSlow) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  close(code: number, reason: string, counted: string): void {
    if (!this.isOpen) return;
    this.metrics.streamClosed.inc({ reason: counted });
    this.socket.close(code, reason);
  }

  terminate(): void {
    this.socket.terminate();
  }

  /** Called a few times a second: what is due, is sent or done. */
  tick(): void {
    if (!this.isOpen) return;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.lastHeardMs > silentMsMax) {
      this.metrics.streamClosed.inc({ reason: 'silent' });
      this.terminate();
      return;
    }
    if (this.claims === null) {
      if (nowMs - this.openedMs > authWithinMs) {
        this.close(closeCodes.unauthenticated, 'not authenticated within 5 s', 'unauthenticated');
      }
      return;
    }
    if (nowMs - this.lastPingMs >= pingMs) {
      this.lastPingMs = nowMs;
      this.socket.ping();
    }
    if (!this.isSlow) {
      for (const heard of this.heard.values()) if (heard.kind === 'market') heard.listener.recover();
      for (const { resolve } of this.waiting.splice(0)) resolve();
    }
    if (nowMs - this.lastSentMs >= heartbeatMs)
      this.say({ op: 'heartbeat', ts: toRfc3339(this.clock.nowMs()) });
  }

  private send(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.lastSentMs = this.clock.monotonicMs();
    this.socket.send(bytes, { binary: false });
  }
}
