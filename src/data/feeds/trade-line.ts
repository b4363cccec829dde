/** A trade as its venue numbers them: one after the other, per instrument. */
export interface NumberedTrade {
  readonly id: number;
  readonly timeMs: number;
}

/** Trades held back behind a hole; minutes of the busiest market. */
export const heldTradesMax = 50_000;
/** Numbers that go back while time goes on so far: the venue began to count anew. */
const recountedMs = 60_000;

/** What became of one trade: `ready` follow in order; the others of it wait, or were seen before. */
export type LineStep = 'next' | 'held' | 'duplicate' | 'recounted' | 'full';

/**
 * The trades of one instrument in the order of their numbers, each once, whatever order they come in. Behind a hole
 * they are held until the missing ones come (reordered, or fetched) or somebody gives them up.
 */
export class TradeLine<T extends NumberedTrade> {
  private next: number | null = null;
  private lastTimeMs = 0;
  private readonly held = new Map<number, T>();
  /** The venue said that so many there are. */
  private expectedId = -1;

  /** First number not handed on yet; null before the first trade. */
  get nextId(): number | null {
    return this.next;
  }

  /** Time of the last trade handed on; 0 before the first. */
  get reachedMs(): number {
    return this.lastTimeMs;
  }

  /** What came up to this trade is not asked for: watching begins after it. Only before the first. */
  beginAfter({ id, timeMs }: NumberedTrade): void {
    if (this.next !== null && id < this.next) return;
    this.next = id + 1;
    this.lastTimeMs = timeMs;
  }

  get heldCount(): number {
    return this.held.size;
  }

  /** Takes a trade in; what can be handed on now, in order, is added to `ready`. */
  take(trade: T, ready: T[]): LineStep {
    const { id, timeMs } = trade;
    this.next ??= id;
    if (id < this.next) {
      if (timeMs <= this.lastTimeMs + recountedMs) return 'duplicate';
      this.held.clear();
      this.expectedId = -1;
      this.pass(trade, ready);
      return 'recounted';
    }
    if (id > this.next) {
      if (this.held.has(id)) return 'duplicate';
      if (this.held.size >= heldTradesMax) return 'full';
      this.held.set(id, trade);
      return 'held';
    }
    this.pass(trade, ready);
    this.release(ready);
    return 'next';
  }

  /** The venue told that its newest trade has this number. */
  expect(id: number): void {
    if (this.next !== null) this.expectedId = Math.max(this.expectedId, id);
  }

  /** The first hole there is, both ends included; null when everything is there. */
  missing(): { fromId: number; toId: number } | null {
    if (this.next === null) return null;
    if (this.held.size > 0) return { fromId: this.next, toId: this.firstHeld() - 1 };
    return this.expectedId >= this.next ? { fromId: this.next, toId: this.expectedId } : null;
  }

  /** Goes on behind the first hole; answers how many trades are lost. */
  giveUp(ready: T[]): number {
    const hole = this.missing();
    if (hole === null) return 0;
    this.next = hole.toId + 1;
    this.release(ready);
    return hole.toId + 1 - hole.fromId;
  }

  /** Drops held trades numbered above `id`, which the venue knows nothing of; answers how many. */
  dropAbove(id: number): number {
    let dropped = 0;
    for (const one of this.held.keys()) {
      if (one > id && this.held.delete(one)) dropped += 1;
    }
    this.expectedId = Math.min(this.expectedId, id);
    return dropped;
  }

  private pass(trade: T, ready: T[]): void {
    ready.push(trade);
    this.next = trade.id + 1;
    this.lastTimeMs = trade.timeMs;
  }

  private release(ready: T[]): void {
    for (let trade = this.held.get(this.next!); trade; trade = this.held.get(this.next!)) {
      this.held.delete(trade.id);
      this.pass(trade, ready);
    }
  }

  private firstHeld(): number {
    let first = Infinity;
    for (const id of this.held.keys()) if (id < first) first = id;
    return first;
  }
}
