import type { Span } from '../partitions/partition-plan.js';

/** A stretch of missing candles with one reason. */
export interface Gap extends Span {
  readonly reason: 'noTrades' | 'noData';
}

/** Gaps of a series held in memory; older ones are counted only. */
export const gapsHeldMax = 1_000;

/**
 * The missing stretches cut by what is known of them: quiet where the venue says that nothing traded. Both lists rise;
 * quiet spans may overlap each other and candles.
 */
export function explained(missing: readonly Span[], quiet: readonly Span[]): Gap[] {
  const gaps: Gap[] = [];
  for (const hole of missing) {
    let atMs = hole.fromMs;
    for (const span of quiet) {
      const fromMs = Math.max(atMs, span.fromMs);
      const toMs = Math.min(hole.toMs, span.toMs);
      if (fromMs >= toMs) continue;
      if (fromMs > atMs) gaps.push({ fromMs: atMs, toMs: fromMs, reason: 'noData' });
      const last = gaps.at(-1);
      if (last?.reason === 'noTrades' && last.toMs === fromMs) gaps[gaps.length - 1] = { ...last, toMs };
      else gaps.push({ fromMs, toMs, reason: 'noTrades' });
      atMs = toMs;
    }
    if (atMs < hole.toMs) gaps.push({ fromMs: atMs, toMs: hole.toMs, reason: 'noData' });
  }
  return gaps;
}

/** What is known of a series from its first candle up to a time, so that only what came after has to be looked at. */
export interface Inventory {
  readonly firstMs: number;
  /** End of the last candle counted. */
  readonly untilMs: number;
  readonly present: number;
  readonly gapCount: number;
  readonly noTradesMs: number;
  readonly noDataMs: number;
  /** The newest, rising. */
  readonly gaps: readonly Gap[];
}

/** One more stretch of a series, looked at from the end of what is known. */
export interface Stretch {
  readonly present: number;
  readonly firstMs: number;
  /** End of its last candle. */
  readonly untilMs: number;
  readonly gaps: readonly Gap[];
}

export function withStretch(known: Inventory | null, stretch: Stretch): Inventory {
  const before = known ?? { present: 0, gapCount: 0, noTradesMs: 0, noDataMs: 0, gaps: [] };
  const sum = (reason: Gap['reason']): number =>
    stretch.gaps.reduce((total, gap) => total + (gap.reason === reason ? gap.toMs - gap.fromMs : 0), 0);
  return {
    firstMs: known?.firstMs ?? stretch.firstMs,
    untilMs: stretch.untilMs,
    present: before.present + stretch.present,
    gapCount: before.gapCount + stretch.gaps.length,
    noTradesMs: before.noTradesMs + sum('noTrades'),
    noDataMs: before.noDataMs + sum('noData'),
    gaps: [...before.gaps, ...stretch.gaps].slice(-gapsHeldMax),
  };
}
