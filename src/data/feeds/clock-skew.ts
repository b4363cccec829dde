/** Samples the estimate is made of; one wrong time among them moves nothing. */
const samplesMax = 64;
/** Times further off say nothing about clocks, but about the message. */
const skewMsMax = 86_400_000;

/**
 * How far a venue's clock is ahead of ours, in ms: the median of what its newest messages said. The way a message
 * took is in it, so a venue in step with us shows some negative milliseconds.
 */
export class ClockSkew {
  private readonly samples: number[] = [];
  private at = 0;
  private sampledMs = -Infinity;
  private median: number | null = null;

  /** `everyMs`: the least time between two samples, so that a burst is not all there is. */
  constructor(private readonly everyMs = 100) {}

  observe(venueMs: number, ourMs: number): void {
    const skewMs = venueMs - ourMs;
    if (!(Math.abs(skewMs) <= skewMsMax) || ourMs - this.sampledMs < this.everyMs) return;
    this.sampledMs = ourMs;
    this.samples[this.at] = skewMs;
    this.at = (this.at + 1) % samplesMax;
    const sorted = this.samples.toSorted((a, b) => a - b);
    this.median = Math.round(sorted[sorted.length >> 1]);
  }

  /** Null before the first sample. */
  get ms(): number | null {
    return this.median;
  }
}
