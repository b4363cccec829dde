/** Minutes of one instrument remembered as doubtful; past it a backfill is the better cure. */
const minutesMax = 200;

/**
 * What the live market knows to be wrong with its own candles: minutes that it passed over, and minutes whose candle
 * was closed before the last of their trades came. Kept until somebody looks; bounded by the instruments there are.
 */
export class Suspicions {
  private readonly late = new Map<string, Set<number>>();
  private listener: ((instrument: string) => void) | null = null;

  /** Whoever looks into them hears of each at once. */
  listen(listener: (instrument: string) => void): void {
    this.listener = listener;
  }

  /** Candles of the instrument were left out. */
  passedOver(instrument: string): void {
    this.listener?.(instrument);
  }

  /** A trade came after the candle of its minute had closed. */
  lateTrade(instrument: string, minuteMs: number): void {
    let minutes = this.late.get(instrument);
    if (!minutes) this.late.set(instrument, (minutes = new Set()));
    if (minutes.size < minutesMax) minutes.add(minuteMs);
    this.listener?.(instrument);
  }

  /** Minutes before `untilMs` that were closed too early, rising; they are forgotten here. */
  takeLate(instrument: string, untilMs: number): number[] {
    const minutes = [...(this.late.get(instrument) ?? [])].filter((one) => one < untilMs);
    for (const one of minutes) this.late.get(instrument)!.delete(one);
    return minutes.toSorted((a, b) => a - b);
  }
}
