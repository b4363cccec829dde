import { makeFrame, type Frame } from './frame.js';
import type { TopicName } from './messages.js';

/** Somebody who listens to a topic. Offers arrive in order of `seq`, without gaps. */
export interface Listener {
  offer(frame: Frame, weight: number): void;
}

/**
 * One market channel of one key: its state, its numbering, and who listens. Numbers run without gaps within an epoch,
 * which lasts as long as somebody listens. Not a log: who falls behind gets the state, not the past.
 */
export class Topic {
  readonly listeners = new Set<Listener>();
  private seq = 0;
  private state: unknown = null;
  private stateMs = 0;
  private known = false;

  constructor(
    readonly name: TopicName,
    readonly epoch: string,
  ) {}

  /** What the state was before anything was heard; a state already heard is newer and stays. */
  begin(state: unknown, timeMs: number): void {
    if (this.known) return;
    this.state = state;
    this.stateMs = timeMs;
  }

  /** The state as it was read anew after updates may have been missed; everybody gets it. Null keeps what is known. */
  renew(read: { state: unknown; timeMs: number } | null): void {
    if (read !== null) {
      this.state = read.state;
      this.stateMs = read.timeMs;
    }
    if (this.listeners.size === 0) return;
    const frame = this.snapshot();
    for (const listener of this.listeners) listener.offer(frame, 1);
  }

  get current(): unknown {
    return this.state;
  }

  get newestSeq(): number {
    return this.seq;
  }

  /** `state` is what the topic now is, `change` what listeners hear (usually the same); `weight` counts its items. */
  publish(state: unknown, change: unknown, timeMs: number, weight = 1): void {
    this.state = state;
    this.stateMs = timeMs;
    this.known = true;
    const prevSeq = this.seq;
    this.seq += 1;
    if (this.listeners.size === 0) return;
    const { channel, key } = this.name;
    const frame = makeFrame({
      channel,
      key,
      type: 'update',
      epoch: this.epoch,
      seq: this.seq,
      prevSeq,
      timeMs,
      data: change,
    });
    for (const listener of this.listeners) listener.offer(frame, weight);
  }

  /** The whole state as of the newest number; the next update follows on it. */
  snapshot(dropped = 0): Frame {
    const { channel, key } = this.name;
    return makeFrame({
      channel,
      key,
      type: 'snapshot',
      epoch: this.epoch,
      seq: this.seq,
      prevSeq: this.seq,
      timeMs: this.stateMs,
      data: this.state,
      dropped: channel === 'trades' ? dropped : 0,
    });
  }
}
