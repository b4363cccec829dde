import { dayMs, minuteMs, type Timeframe, toRfc3339 } from '../../kernel/time.js';

/** `T00:00:00.000Z` for each minute of a day. */
const minutesOfDay = Array.from({ length: dayMs / minuteMs }, (_, minute) =>
  toRfc3339(minute * minuteMs).slice(10),
);

/**
 * The contract's JSON of candles, from lines that carry an open time (ms, a whole minute), a blank, and what follows
 * the time in the JSON. The same text as `JSON.stringify` of a `Candle`.
 */
export function candleTexts(instrument: string, timeframe: Timeframe, lines: readonly string[]): string[] {
  const head = `{"instrument":${JSON.stringify(instrument)},"timeframe":"${timeframe}","time":"`;
  let day = Number.NaN;
  let date = '';
  return lines.map((line) => {
    const blank = line.indexOf(' ');
    const timeMs = Number(line.slice(0, blank));
    const today = Math.floor(timeMs / dayMs);
    if (today !== day) {
      day = today;
      date = head + toRfc3339(timeMs).slice(0, -14);
    }
    return date + minutesOfDay[(timeMs - today * dayMs) / minuteMs] + line.slice(blank + 1);
  });
}
