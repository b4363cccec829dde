import type { Channel } from './saying.js';

export const streamStates = ['waiting', 'connecting', 'syncing', 'live', 'refused', 'stopped'] as const;
export type StreamEvent = 'message' | 'gap' | 'resync';
/**
 * `waiting`: the venue could not be asked yet. `connecting`: no connection, or subscribed and nothing heard.
 * `syncing`: heard, but not whole: a book without snapshot, missing trades. `live`: all is well.
 * `refused`: the venue has no such stream. `stopped`: by us.
 */
export type StreamState = (typeof streamStates)[number];

/** Stale streams are subscribed to again, at most as seldom as this. */
const resubscribeMsMax = 3_600_000;

/** What can be told of one stream of one instrument. Times are ours, in ms. */
export class StreamWatch {
  state: StreamState = 'waiting';
  messages = 0;
  /** Times it was found that something is missing. */
  gaps = 0;
  /** Times it was whole again after that. */
  resyncs = 0;
  /** What went wrong last. */
  detail: string | null = null;
  lastMessageMs: number | null = null;
  /** Since when silence counts. */
  private sinceMs = 0;
  private resubscriptions = 0;
  /** Something is missing, found and not made good yet. */
  private lacking = false;

  constructor(
    readonly channel: Channel,
    private readonly staleMs: number,
    private readonly count: (event: StreamEvent) => void,
  ) {}

  opened(nowMs: number): void {
    this.sinceMs = nowMs;
    this.resubscriptions = 0;
    if (this.state !== 'refused') this.state = 'connecting';
  }

  closed(): void {
    if (this.state !== 'refused') this.state = 'connecting';
  }

  heard(nowMs: number): void {
    this.messages += 1;
    this.count('message');
    this.lastMessageMs = nowMs;
    this.sinceMs = nowMs;
    this.resubscriptions = 0;
    if (this.state !== 'syncing') this.state = 'live';
  }

  /** Something is missing; each time it begins counts once. */
  broken(detail: string): void {
    if (!this.lacking) {
      this.gaps += 1;
      this.count('gap');
    }
    this.lacking = true;
    this.state = 'syncing';
    this.detail = detail;
  }

  /** What makes it whole, e.g. the snapshot of a book, is under way: nothing is missing by mistake. */
  syncing(): void {
    this.state = 'syncing';
  }

  whole(): void {
    if (this.lacking) {
      this.resyncs += 1;
      this.count('resync');
    }
    this.lacking = false;
    this.state = 'live';
  }

  stopped(): void {
    if (this.state !== 'refused') this.state = 'stopped';
  }

  refused(detail: string): void {
    this.state = 'refused';
    this.detail = detail;
  }

  /** Nothing was heard for too long. */
  stale(nowMs: number): boolean {
    const since = this.lastMessageMs ?? this.sinceMs;
    return this.watched && nowMs - since > this.staleMs;
  }

  /** Whether it is time to subscribe again; after each time the next one comes half as soon. */
  resubscribe(nowMs: number): boolean {
    const waitMs = Math.min(resubscribeMsMax, this.staleMs * 2 ** this.resubscriptions);
    if (!this.watched || nowMs - this.sinceMs <= waitMs) return false;
    this.sinceMs = nowMs;
    this.resubscriptions += 1;
    return true;
  }

  private get watched(): boolean {
    return this.state !== 'refused' && this.state !== 'waiting' && this.state !== 'stopped';
  }
}
