interface Entry<T> {
  readonly timeMs: number;
  readonly value: T;
}

/** Values by a time each, first to come first; equal times in the order they were added. */
export class ByTime<T> {
  private readonly entries: Entry<T>[] = [];
  private readonly timeOf = new Map<T, number>();

  /** Infinity when nothing is kept. */
  get firstMs(): number {
    return this.entries[0]?.timeMs ?? Number.POSITIVE_INFINITY;
  }

  /** Keeps the value under this time alone. */
  set(value: T, timeMs: number): void {
    this.delete(value);
    this.timeOf.set(value, timeMs);
    this.entries.splice(this.after(timeMs), 0, { timeMs, value });
  }

  delete(value: T): void {
    const timeMs = this.timeOf.get(value);
    if (timeMs === undefined) return;
    this.timeOf.delete(value);
    let n = this.after(timeMs - 1);
    while (this.entries[n].value !== value) n += 1;
    this.entries.splice(n, 1);
  }

  /** Those at `timeMs` or before. */
  until(timeMs: number): T[] {
    return this.entries.slice(0, this.after(timeMs)).map(({ value }) => value);
  }

  values(): IterableIterator<T> {
    return this.timeOf.keys();
  }

  /** How many come at `timeMs` or before; times are whole milliseconds. */
  private after(timeMs: number): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle].timeMs <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
