/**
 * Remembers the newest `max` trade ids of one instrument. Venues resend their last trades after a reconnect, so equal
 * ids are normal there and must count once.
 */
export class SeenIds {
  private readonly ids = new Set<string>();

  constructor(private readonly max: number) {}

  /** True the first time an id is seen. */
  add(id: string): boolean {
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    // A Set keeps the order of insertion: its first is the oldest.
    if (this.ids.size > this.max) this.ids.delete(this.ids.values().next().value!);
    return true;
  }

  get size(): number {
    return this.ids.size;
  }
}
