/**
 * Where time comes from. Injected, so that a replay runs on its own clock and tests run on theirs.
 * Times are integer milliseconds since 1970 UTC; `monotonicMs` never goes back and says nothing about the date.
 */
export abstract class Clock {
  abstract nowMs(): number;
  abstract monotonicMs(): number;
}

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

export const timeframes = [
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
] as const;
export type Timeframe = (typeof timeframes)[number];

const spanMs: Record<Timeframe, number> = {
  '1m': minuteMs,
  '3m': 3 * minuteMs,
  '5m': 5 * minuteMs,
  '15m': 15 * minuteMs,
  '30m': 30 * minuteMs,
  '1h': hourMs,
  '2h': 2 * hourMs,
  '4h': 4 * hourMs,
  '6h': 6 * hourMs,
  '8h': 8 * hourMs,
  '12h': 12 * hourMs,
  '1d': dayMs,
};

export function timeframeMs(timeframe: Timeframe): number {
  return spanMs[timeframe];
}

export function isTimeframe(text: string): text is Timeframe {
  return (timeframes as readonly string[]).includes(text);
}

/** Open time of the candle of `timeframe` that holds `timeMs`; also right before 1970, where `%` is negative. */
export function openTimeMs(timeMs: number, timeframe: Timeframe): number {
  return Math.floor(timeMs / spanMs[timeframe]) * spanMs[timeframe];
}

/** RFC 3339, UTC, milliseconds: `2023-01-01T00:00:00.000Z`. */
export function toRfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** RFC 3339 text to milliseconds (finer digits are cut), or null when it is not a valid time. */
export function parseRfc3339(text: string): number | null {
  const match = rfc3339.exec(text);
  if (match === null) return null;
  // `Date.parse` reads 30 February as 2 March; a range that silently moved is worse than a refusal.
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? null : timeMs;
}
