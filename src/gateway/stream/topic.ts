import { Conflation, type Later } from './conflation.js';
import type { Frame } from './frame.js';
import { tell, type Followed, type Listener, type News } from './listening.js';
import type { TopicName } from './messages.js';
import { NumberedState, type FrameMaker } from './numbered-state.js';

/**
 * One channel of one key: its state, its numbering, and who listens. Numbers run without gaps within an epoch, which
 * lasts as long as somebody listens. Not a log: who falls behind gets the state, not the past.
 */
export class Topic<Name extends TopicName = TopicName> implements Followed {
  readonly listeners = new Set<Listener>();
  private readonly conflations = new Map<number, Conflation>();
  private readonly newest: NumberedState;

  constructor(
    private readonly maker: FrameMaker & { readonly name: Name },
    begin: { readonly state: unknown; readonly timeMs: number },
    private readonly later: Later,
  ) {
    this.newest = new NumberedState(maker, 0, begin.state, begin.timeMs);
  }

  get name(): Name {
    return this.maker.name;
  }

  get epoch(): string {
    return this.maker.epoch;
  }

  get current(): unknown {
    return this.newest.state;
  }

  get newestSeq(): number {
    return this.newest.seq;
  }

  get isFollowed(): boolean {
    return this.listeners.size > 0 || this.conflations.size > 0;
  }

  snapshot(dropped = 0): Frame {
    return this.newest.snapshot(dropped);
  }

  /** The state as it was read, not heard; everybody gets it. Null keeps what is known. */
  renew(read: { state: unknown; timeMs: number } | null): void {
    const { seq } = this.newest;
    const { state, timeMs } = read ?? this.newest;
    this.newest.set(seq, state, timeMs);
    if (this.listeners.size > 0) tell(this.listeners, this.snapshot(), 1, this.maker.count);
    for (const conflation of this.conflations.values()) conflation.renew(seq, state, timeMs);
  }

  publish(news: News): void {
    const { state, change, timeMs, weight = 1 } = news;
    const prevSeq = this.newest.seq;
    const seq = prevSeq + 1;
    this.newest.set(seq, state, timeMs);
    if (this.listeners.size > 0) {
      const frame = this.newest.frame({ type: 'update', seq, prevSeq, timeMs, data: change });
      tell(this.listeners, frame, weight, this.maker.count);
    }
    for (const conflation of this.conflations.values()) conflation.hear(news, seq);
  }

  /** The topic at most once in `everyMs`; all who ask for the same rhythm share its frames. Null: as it moves. */
  inRhythm(everyMs: number | null): Followed {
    if (everyMs === null) return this;
    let conflation = this.conflations.get(everyMs);
    if (!conflation) {
      const { seq, state, timeMs } = this.newest;
      const newest = new NumberedState(this.maker, seq, state, timeMs);
      conflation = new Conflation(everyMs, this.maker, newest, this.later);
      this.conflations.set(everyMs, conflation);
    }
    return conflation;
  }

  leave(followed: Followed, listener: Listener): void {
    followed.listeners.delete(listener);
    if (followed instanceof Conflation && followed.listeners.size === 0) {
      this.conflations.delete(followed.everyMs);
    }
  }
}
