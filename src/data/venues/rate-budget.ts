/**
 * What a venue lets us ask in a time: a bucket of weight that refills steadily. `pause` empties it for as long as the
 * venue asked to be left alone; `reported` corrects it by the venue's own count. Times are monotonic ms.
 */
export class RateBudget {
  private weight: number;
  private atMs = 0;
  private pausedUntilMs = 0;

  constructor(
    readonly capacity: number,
    readonly windowMs: number,
  ) {
    this.weight = capacity;
  }

  /** Time until `weight` may be spent; 0 now. A weight above the capacity waits for a full bucket. */
  waitMs(weight: number, nowMs: number): number {
    this.refill(nowMs);
    const lacking = Math.min(weight, this.capacity) - this.weight;
    const refillMs = lacking > 0 ? Math.ceil((lacking * this.windowMs) / this.capacity) : 0;
    return Math.max(refillMs, this.pausedMs(nowMs));
  }

  spend(weight: number, nowMs: number): void {
    this.refill(nowMs);
    this.weight -= weight;
  }

  /** The venue's own count of what we used in this window. */
  reported(usedWeight: number, nowMs: number): void {
    this.refill(nowMs);
    this.weight = Math.min(this.weight, this.capacity - usedWeight);
  }

  pause(forMs: number, nowMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, nowMs + forMs);
  }

  pausedMs(nowMs: number): number {
    return Math.max(0, this.pausedUntilMs - nowMs);
  }

  private refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.atMs);
    this.atMs = nowMs;
    this.weight = Math.min(this.capacity, this.weight + (passedMs * this.capacity) / this.windowMs);
  }
}
