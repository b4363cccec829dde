/**
 * Remembers the newest `max` trade ids of one instrument. Venues resend their last trades after a reconnect, so equal
 * ids are normal there and must count once.
 */
export class SeenIds {
  private readonly ids = new Set<string>();
  /**
   * The same ids by age, the oldest at `next` once it is full. A Set knows its order too, but looking for its first
   * member steps over all that were deleted before it: ten microseconds for each trade.
   */
  private readonly ring: string[] = [];
  private next = 0;

  constructor(private readonly max: number) {}

  /** True the first time an id is seen. */
  add(id: string): boolean {
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    if (this.ring.length < this.max) {
      this.ring.push(id);
      return true;
    }
    this.ids.delete(this.ring[this.next]);
    this.ring[this.next] = id;
    this.next = (this.next + 1) % this.max;
    return true;
  }

  get size(): number {
    return this.ids.size;
  }
}
