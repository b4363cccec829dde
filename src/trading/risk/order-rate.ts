/**
 * A bucket of tokens on the account's clock: `perSecond` orders at once, refilled evenly.
 * It starts full after a restart; the limit guards against a runaway client, not against patience.
 */
export class OrderRate {
  private tokens = Number.POSITIVE_INFINITY;
  private filledAtMs = Number.NEGATIVE_INFINITY;

  /** Orders that may still be placed at `nowMs`. */
  available(nowMs: number, perSecond: number): number {
    // Where the clock was set back, time begins anew there; waiting for it to catch up could take for ever.
    if (nowMs < this.filledAtMs) this.filledAtMs = nowMs;
    if (nowMs > this.filledAtMs) {
      const seconds = (nowMs - this.filledAtMs) / 1000;
      this.tokens = Math.min(
        perSecond,
        this.tokens === Number.POSITIVE_INFINITY ? perSecond : this.tokens + seconds * perSecond,
      );
      this.filledAtMs = nowMs;
    }
    return Math.min(this.tokens, perSecond);
  }

  take(): void {
    this.tokens = Math.max(0, this.tokens - 1);
  }

  /** The account moved to another clock. */
  reset(): void {
    this.tokens = Number.POSITIVE_INFINITY;
    this.filledAtMs = Number.NEGATIVE_INFINITY;
  }
}
