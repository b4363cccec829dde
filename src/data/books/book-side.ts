import type { BookLevel } from '../contract/events.js';

/** One side of a book, as a book needs it. `rank` rises towards the touch and never equals another level's. */
export interface BookSide {
  /** Levels held. */
  readonly size: number;
  /** The level at the touch, or null when the side is empty. */
  readonly best: BookLevel | null;
  /** Puts `level` at its price, in place of what was there. */
  put(rank: number, level: BookLevel): void;
  /** Takes the level at that price away; false when there was none. */
  remove(rank: number, level: BookLevel): boolean;
  /** At most `count` levels, best first. */
  top(count: number): BookLevel[];
  /** Forgets the levels furthest from the touch until at most `count` are left. */
  truncate(count: number): void;
  clear(): void;
}

const capacityMin = 64;
/** A gap after so many levels when they are spread out. */
const levelsPerGap = 3;

/**
 * A sorted array with gaps, best level last. Most changes happen close to the touch, so that end is the one that
 * grows and shrinks. A level that goes leaves a gap where it was, and a level that comes moves its neighbours only as
 * far as the nearest gap: a few places, where a plain sorted array moves hundreds.
 */
export class GappedSide implements BookSide {
  /** Not falling over [start, end); a gap keeps a rank that does not break the order. */
  private ranks = new Float64Array(capacityMin);
  /** Null is a gap. The last one before `end` is always a level. */
  private levels: (BookLevel | null)[] = emptyLevels(capacityMin);
  private start = capacityMin >> 1;
  private end = this.start;
  /** Where the last change was: a venue lists the changes of one message in order of price, so the next is not far. */
  private finger = 0;
  private held = 0;

  get size(): number {
    return this.held;
  }

  get best(): BookLevel | null {
    return this.end > this.start ? this.levels[this.end - 1] : null;
  }

  put(rank: number, level: BookLevel): void {
    const at = this.find(rank);
    const { levels } = this;
    if (at < this.end && this.ranks[at] === rank) {
      if (levels[at] === null) this.held += 1;
      levels[at] = level;
      this.finger = at;
    } else {
      this.insert(at, rank, level);
    }
  }

  remove(rank: number): boolean {
    const at = this.find(rank);
    this.finger = at;
    if (at === this.end || this.ranks[at] !== rank || this.levels[at] === null) return false;
    this.levels[at] = null;
    this.held -= 1;
    if (at === this.end - 1) this.trimEnd();
    return true;
  }

  top(count: number): BookLevel[] {
    const top: BookLevel[] = [];
    const { levels, start } = this;
    for (let n = this.end - 1; n >= start && top.length < count; n -= 1) {
      const level = levels[n];
      if (level !== null) top.push(level);
    }
    return top;
  }

  truncate(count: number): void {
    while (this.held > count) {
      if (this.levels[this.start] !== null) this.held -= 1;
      this.levels[this.start] = null;
      this.start += 1;
    }
  }

  clear(): void {
    this.levels.fill(null);
    this.held = 0;
    this.start = this.end = this.ranks.length >> 1;
  }

  /** The first place whose rank is not below `rank`; `end` when there is none. */
  private find(rank: number): number {
    const { ranks } = this;
    let low = this.start;
    let high = this.end;
    if (low === high) return low;
    const finger = Math.min(Math.max(this.finger, low), high - 1);
    // Strides away from the finger double until they pass `rank`; then the last stride is halved.
    if (ranks[finger] >= rank) {
      high = finger;
      let stride = 1;
      let at = finger - 1;
      while (at >= low && ranks[at] >= rank) {
        high = at;
        stride *= 2;
        at -= stride;
      }
      if (at >= low) low = at + 1;
    } else {
      low = finger + 1;
      let stride = 1;
      let at = low;
      while (at < high && ranks[at] < rank) {
        low = at + 1;
        stride *= 2;
        at += stride;
      }
      if (at < high) high = at;
    }
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ranks[middle] < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts a new level before place `at`, moving its neighbours into the nearest gap. */
  private insert(at: number, rank: number, level: BookLevel): void {
    if (this.start === 0 || this.end === this.ranks.length || this.mostlyGaps()) {
      this.spread();
      at = this.find(rank);
    }
    const { ranks, levels, start, end } = this;
    this.held += 1;
    let right = at;
    let left = at - 1;
    // Beyond both ends everything is a gap, so this ends.
    while (right < end && left >= start && levels[right] !== null && levels[left] !== null) {
      right += 1;
      left -= 1;
    }
    if (right === end || levels[right] === null) {
      if (right === end) this.end += 1;
      for (let n = right; n > at; n -= 1) {
        ranks[n] = ranks[n - 1];
        levels[n] = levels[n - 1];
      }
      ranks[at] = rank;
      levels[at] = level;
      this.finger = at;
    } else {
      if (left < start) this.start -= 1;
      const place = at - 1;
      for (let n = left; n < place; n += 1) {
        ranks[n] = ranks[n + 1];
        levels[n] = levels[n + 1];
      }
      ranks[place] = rank;
      levels[place] = level;
      this.finger = place;
    }
  }

  private mostlyGaps(): boolean {
    return this.end - this.start > 2 * this.held + capacityMin;
  }

  /** Lays the levels out anew, with a gap after every few and room at both ends. */
  private spread(): void {
    const { ranks, levels, start, end, held } = this;
    const span = held + Math.floor(held / levelsPerGap);
    const capacity = Math.max(capacityMin, 2 * span);
    this.ranks = new Float64Array(capacity);
    this.levels = emptyLevels(capacity);
    let to = (capacity - span) >> 1;
    this.start = to;
    let placed = 0;
    for (let n = start; n < end; n += 1) {
      const level = levels[n];
      if (level === null) continue;
      this.ranks[to] = ranks[n];
      this.levels[to] = level;
      to += 1;
      placed += 1;
      if (placed % levelsPerGap === 0 && placed < held) {
        this.ranks[to] = ranks[n];
        to += 1;
      }
    }
    this.end = to;
  }

  private trimEnd(): void {
    while (this.end > this.start && this.levels[this.end - 1] === null) this.end -= 1;
  }
}

function emptyLevels(capacity: number): (BookLevel | null)[] {
  return Array.from({ length: capacity }, () => null);
}
