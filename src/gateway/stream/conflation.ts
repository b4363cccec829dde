import type { Frame } from './frame.js';
import { tell, type Followed, type Listener, type News } from './listening.js';
import { NumberedState, type FrameMaker } from './numbered-state.js';

/** Calls `act` after `ms`. */
export type Later = (ms: number, act: () => void) => void;

/** Items of a list that wait for the next beat; past it the oldest go, and are counted in the frame. */
const itemsMax = 1_000;

/**
 * A topic in a slower rhythm, for readers who want so many frames and no more. The first news after a quiet time goes
 * out at once; what follows within `everyMs` becomes one frame, whose `prevSeq` is the frame before it here, so that the
 * chain has no gap. Lists (trades) are joined, states replace each other, and what is final is never replaced.
 */
export class Conflation implements Followed {
  readonly listeners = new Set<Listener>();
  private waiting: { news: News; seq: number; items: unknown[]; dropped: number } | null = null;
  private resting = false;

  /** `newest` is the topic's state when somebody first asked for this rhythm. */
  constructor(
    readonly everyMs: number,
    private readonly maker: FrameMaker,
    private readonly newest: NumberedState,
    private readonly later: Later,
  ) {}

  get newestSeq(): number {
    return this.newest.seq;
  }

  /** A newcomer begins where the others stand, since the next frame follows on that. */
  snapshot(dropped = 0): Frame {
    return this.newest.snapshot(dropped);
  }

  hear(news: News, seq: number): void {
    const items = this.waiting?.items ?? [];
    let dropped = this.waiting?.dropped ?? 0;
    if (Array.isArray(news.change)) {
      for (const item of news.change) items.push(item);
      const tooMany = items.length - itemsMax;
      if (tooMany > 0) {
        items.splice(0, tooMany);
        dropped += tooMany;
      }
    }
    this.waiting = { news, seq, items, dropped };
    if (news.final || !this.resting) this.beat();
  }

  /** What waits is part of `state`. */
  renew(seq: number, state: unknown, timeMs: number): void {
    this.waiting = null;
    this.newest.set(seq, state, timeMs);
    tell(this.listeners, this.snapshot(), 1, this.maker.count);
  }

  private beat(): void {
    const { news, seq, items, dropped } = this.waiting!;
    this.waiting = null;
    const prevSeq = this.newest.seq;
    this.newest.set(seq, news.state, news.timeMs);
    const isList = Array.isArray(news.change);
    const frame = this.newest.frame({
      type: 'update',
      seq,
      prevSeq,
      timeMs: news.timeMs,
      data: isList ? items : news.change,
      dropped,
    });
    tell(this.listeners, frame, isList ? items.length : 1, this.maker.count);
    if (this.resting) return;
    this.resting = true;
    this.later(this.everyMs, () => {
      this.resting = false;
      if (this.waiting && this.listeners.size > 0) this.beat();
    });
  }
}
