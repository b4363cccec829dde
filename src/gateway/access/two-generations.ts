/**
 * A bounded map that forgets what was not asked for lately. Entries live in a young and an old generation; when the
 * young one is full the old one is dropped whole. Every operation is O(1) and nothing is moved on a hit in the young.
 */
export class TwoGenerations<Key, Value> {
  private young = new Map<Key, Value>();
  private old = new Map<Key, Value>();
  private readonly generationMax: number;

  /** At most `max` entries; at least half of it of the most recently used ones are kept. */
  constructor(max: number) {
    this.generationMax = Math.max(1, Math.floor(max / 2));
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: Key): Value | undefined {
    const found = this.young.get(key);
    if (found !== undefined) return found;
    const older = this.old.get(key);
    if (older === undefined) return undefined;
    this.old.delete(key);
    this.set(key, older);
    return older;
  }

  /** Answers how many entries were dropped to make room. */
  set(key: Key, value: Value): number {
    let dropped = 0;
    if (this.young.size >= this.generationMax && !this.young.has(key)) {
      dropped = this.old.size;
      this.old = this.young;
      this.young = new Map();
    }
    this.old.delete(key);
    this.young.set(key, value);
    return dropped;
  }

  delete(key: Key): void {
    this.young.delete(key);
    this.old.delete(key);
  }
}
