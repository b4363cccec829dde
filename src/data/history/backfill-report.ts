import { type Timeframe, timeframeMs, toRfc3339 } from '../../kernel/time.js';
import { type Difference, told } from './venue-page.js';

/** Conflicts and quiet spans that are told one by one; more are counted. */
export const reportedMax = 100;

export interface ReportedConflict {
  readonly time: string;
  readonly stored: string;
  readonly venue: string;
  readonly source: string;
  /** What was done about it. */
  readonly outcome: 'kept' | 'replaced';
}

/** What became of the candles of one backfill: inserted + unchanged + replaced + kept are all that the venue told. */
export interface BackfillReport {
  pages: number;
  candles: number;
  inserted: number;
  /** Stored already, with the same content. */
  unchanged: number;
  /** Stored with other content before. */
  replaced: number;
  /** Told differently by the venue; the stored one stayed. */
  kept: number;
  /** Bars the venue keeps no candle of, between two it keeps: nothing traded. */
  quiet: number;
  /** First and last open time the venue told. */
  first: string | null;
  last: string | null;
  /** Larger candles made of them, by timeframe. */
  derived: Record<string, number>;
  conflictCount: number;
  conflicts: ReportedConflict[];
  quietSpans: { from: string; to: string; bars: number }[];
}

/** A backfill on its way: kept with each page, so that a crash costs at most the page at work. */
export interface BackfillState {
  /** Where the next page begins. */
  atMs: number;
  /** The venue's newest candle so far. */
  lastMs: number | null;
  readonly report: BackfillReport;
}

export function beginBackfill(fromMs: number): BackfillState {
  return {
    atMs: fromMs,
    lastMs: null,
    report: {
      pages: 0,
      candles: 0,
      inserted: 0,
      unchanged: 0,
      replaced: 0,
      kept: 0,
      quiet: 0,
      first: null,
      last: null,
      derived: {},
      conflictCount: 0,
      conflicts: [],
      quietSpans: [],
    },
  };
}

/** What one page adds. */
export interface PageOutcome {
  readonly inserted: number;
  readonly same: number;
  readonly replaced: readonly Difference[];
  readonly kept: readonly Difference[];
  readonly quiet: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly derived: Readonly<Record<string, number>>;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly nextMs: number;
}

/** The state after a page; the one before stays as it was, since the page may yet fail to commit. */
export function afterPage(state: BackfillState, page: PageOutcome, timeframe: Timeframe): BackfillState {
  const { report } = state;
  const next: BackfillReport = {
    ...report,
    pages: report.pages + 1,
    candles: report.candles + page.inserted + page.same + page.replaced.length + page.kept.length,
    inserted: report.inserted + page.inserted,
    unchanged: report.unchanged + page.same,
    replaced: report.replaced + page.replaced.length,
    kept: report.kept + page.kept.length,
    first: report.first ?? (page.firstMs === null ? null : toRfc3339(page.firstMs)),
    last: page.lastMs === null ? report.last : toRfc3339(page.lastMs),
    derived: { ...report.derived },
    conflictCount: report.conflictCount + page.replaced.length + page.kept.length,
    conflicts: [...report.conflicts],
    quietSpans: [...report.quietSpans],
  };
  for (const [larger, count] of Object.entries(page.derived)) {
    next.derived[larger] = (next.derived[larger] ?? 0) + count;
  }
  const told = [
    ...page.kept.map((one) => conflictOf(one, 'kept')),
    ...page.replaced.map((one) => conflictOf(one, 'replaced')),
  ].toSorted((a, b) => (a.time < b.time ? -1 : 1));
  next.conflicts.push(...told.slice(0, reportedMax - next.conflicts.length));
  for (const { fromMs, toMs } of page.quiet) {
    const bars = (toMs - fromMs) / timeframeMs(timeframe);
    next.quiet += bars;
    if (next.quietSpans.length < reportedMax) {
      next.quietSpans.push({ from: toRfc3339(fromMs), to: toRfc3339(toMs), bars });
    }
  }
  return { atMs: page.nextMs, lastMs: page.lastMs ?? state.lastMs, report: next };
}

function conflictOf({ stored, venue }: Difference, outcome: 'kept' | 'replaced'): ReportedConflict {
  return {
    time: toRfc3339(venue.openTimeMs),
    stored: told(stored),
    venue: told(venue),
    source: stored.source,
    outcome,
  };
}

export function backfillSentence(report: BackfillReport): string {
  const { candles, inserted, unchanged, replaced, kept, quiet } = report;
  return `${candles} candles: ${inserted} inserted, ${unchanged} unchanged, ${replaced} replaced, ${kept} kept; ${quiet} bars without trades`;
}
