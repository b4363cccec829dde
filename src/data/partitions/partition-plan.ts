import { dayMs, type Timeframe, timeframeMs, timeframes } from '../../kernel/time.js';

/** Tables cut by time; candles first by the length of their timeframe, so that minutes can go while hours stay. */
export const partitionedTables = ['trades', 'candles_minutes', 'candles_parts', 'candles_hours'] as const;
export type PartitionedTable = (typeof partitionedTables)[number];

/** A stretch of time, `fromMs` inclusive, `toMs` exclusive. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The column that says when a row is. */
export const timeColumn: Readonly<Record<PartitionedTable, 'time_ms' | 'open_time_ms'>> = {
  trades: 'time_ms',
  candles_minutes: 'open_time_ms',
  candles_parts: 'open_time_ms',
  candles_hours: 'open_time_ms',
};

export function candleTable(timeframe: Timeframe): Exclude<PartitionedTable, 'trades'> {
  const spanMs = timeframeMs(timeframe);
  if (spanMs < timeframeMs('3m')) return 'candles_minutes';
  return spanMs < timeframeMs('1h') ? 'candles_parts' : 'candles_hours';
}

/** The timeframes a table of candles holds. */
export function timeframesIn(table: PartitionedTable): Timeframe[] {
  return timeframes.filter((timeframe) => candleTable(timeframe) === table);
}

/** Before and after now, trades are cut by day, so that a day can be dropped; elsewhere by month. */
const daysBack = 8;
const daysAhead = 3;

/**
 * The calendar's stretch (UTC) around a time that one partition of the table would hold. Measured: planning costs some
 * 80 µs for each partition a query may touch, so partitions are as wide as dropping them allows.
 */
export function stretchOf(table: PartitionedTable, timeMs: number, nowMs: number): Span {
  const months = monthsOf[table];
  const date = new Date(timeMs);
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
  const first = Math.floor(month / months) * months;
  const stretch = { fromMs: monthStartMs(first), toMs: monthStartMs(first + months) };
  if (table !== 'trades') return stretch;
  const today = Math.floor(nowMs / dayMs);
  const day = Math.floor(timeMs / dayMs);
  const daysFromMs = (today - daysBack) * dayMs;
  const daysToMs = (today + daysAhead + 1) * dayMs;
  // A month ends where the single days begin: live rows never lie in it.
  if (timeMs < daysFromMs) return { ...stretch, toMs: Math.min(stretch.toMs, daysFromMs) };
  if (timeMs >= daysToMs) return { ...stretch, fromMs: Math.max(stretch.fromMs, daysToMs) };
  return { fromMs: day * dayMs, toMs: (day + 1) * dayMs };
}

/** The calendar's stretches from one that holds `fromMs` to one that holds the last moment before `toMs`, cut to that range. */
export function* stretches(table: PartitionedTable, range: Span, nowMs: number): Generator<Span> {
  for (let { fromMs } = range; fromMs < range.toMs;) {
    const toMs = Math.min(range.toMs, stretchOf(table, fromMs, nowMs).toMs);
    yield { fromMs, toMs };
    fromMs = toMs;
  }
}

/** A partition of minutes holds a quarter, of 3m to 30m a year, of hours and days a decade, of older trades a month. */
const monthsOf: Readonly<Record<PartitionedTable, number>> = {
  trades: 1,
  candles_minutes: 3,
  candles_parts: 12,
  candles_hours: 120,
};

function monthStartMs(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12, 1);
}

/**
 * The partitions that rows of `times` need beside those there are: a stretch of the calendar each, cut where it meets
 * a neighbour. Rising, and touching none of `existing` (which rise too).
 */
export function missingSpans(
  table: PartitionedTable,
  existing: readonly Span[],
  times: Iterable<number>,
  nowMs: number,
): Span[] {
  const missing: Span[] = [];
  let known = existing;
  for (const timeMs of times) {
    if (holderOf(known, timeMs) !== null) continue;
    const wanted = clipped(stretchOf(table, timeMs, nowMs), known, timeMs);
    missing.push(wanted);
    known = [...known, wanted].toSorted((a, b) => a.fromMs - b.fromMs);
  }
  return missing.toSorted((a, b) => a.fromMs - b.fromMs);
}

function clipped(stretch: Span, known: readonly Span[], timeMs: number): Span {
  let { fromMs, toMs } = stretch;
  for (const span of known) {
    if (span.toMs <= timeMs) fromMs = Math.max(fromMs, span.toMs);
    else if (span.fromMs > timeMs) toMs = Math.min(toMs, span.fromMs);
  }
  return { fromMs, toMs };
}

/** The one of rising `spans` that holds `timeMs`, or null. */
export function holderOf(spans: readonly Span[], timeMs: number): Span | null {
  const span = spans[firstAfter(spans, timeMs) - 1];
  return span && timeMs < span.toMs ? span : null;
}

/** How many of rising `spans` begin at or before `timeMs`. */
function firstAfter(spans: readonly Span[], timeMs: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].fromMs <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Partitions of the first window; each further one holds four times as many, until there are so many that they would use up the database's locks. */
const firstWindow = 4;
const windowMax = 256;

/**
 * The stretches to search for the newest rows before `beforeMs`, one after the other: a few partitions first, then
 * ever more, and at last all that may be left, known here or not. Together they leave nothing out.
 */
export function windowsBack(spans: readonly Span[], beforeMs: number): Span[] {
  const windows: Span[] = [];
  let toMs = beforeMs;
  let left = firstAfter(spans, beforeMs - 1);
  for (let size = firstWindow; left > size; size = Math.min(windowMax, size * 4)) {
    left -= size;
    const { fromMs } = spans[left];
    windows.push({ fromMs, toMs });
    toMs = fromMs;
  }
  windows.push({ fromMs: -endOfTimeMs, toMs });
  return windows;
}

/** The stretches to search for the oldest rows from `fromMs` until before `toMs`; like `windowsBack`. */
export function windowsOnward(spans: readonly Span[], range: Span): Span[] {
  const windows: Span[] = [];
  let { fromMs } = range;
  let next = Math.max(0, firstAfter(spans, fromMs) - 1);
  for (let size = firstWindow; spans.length - next > size; size = Math.min(windowMax, size * 4)) {
    next += size;
    const edgeMs = spans[next].fromMs;
    if (edgeMs >= range.toMs) break;
    if (edgeMs <= fromMs) continue;
    windows.push({ fromMs, toMs: edgeMs });
    fromMs = edgeMs;
  }
  windows.push({ fromMs, toMs: range.toMs });
  return windows;
}

export const endOfTimeMs = 8_640_000_000_000_000;

/** `trades_20240301`: named by the day it begins at, which no other partition of the table shares. */
export function partitionName(table: PartitionedTable, { fromMs }: Span): string {
  return `${table}_${new Date(fromMs).toISOString().slice(0, 10).replaceAll('-', '')}`;
}
