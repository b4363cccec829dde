import { minuteMs, openTimeMs, type Timeframe, timeframeMs, timeframes } from '../../kernel/time.js';
import { Bar, type BuiltCandle } from './built-candle.js';
import type { Scales } from './scaled.js';

interface Group {
  readonly timeframe: Timeframe;
  readonly spanMs: number;
  readonly bar: Bar;
  /** Minutes taken in so far; a group that misses one is never emitted. */
  minutes: number;
  /** Which of its minutes those are, by place: only what comes after the fact has to ask. */
  readonly taken: Uint8Array;
}

/** The timeframes made from minutes, smallest first. */
export const largerTimeframes = timeframes.filter((timeframe) => timeframe !== '1m');

/**
 * Folds closed minutes into every larger timeframe. A larger candle is emitted with its last minute and only when
 * all its minutes were there: a candle is never built over a hole.
 */
export class LargerCandles {
  private readonly groups: Group[] = largerTimeframes.map((timeframe) => ({
    timeframe,
    spanMs: timeframeMs(timeframe),
    bar: new Bar(-1),
    minutes: 0,
    taken: new Uint8Array(timeframeMs(timeframe) / minuteMs),
  }));

  /** Takes the next minute, later than all before, and appends the candles it completes to `into`, smallest first. */
  append(minute: Bar, scales: Scales, into: BuiltCandle[] | null): void {
    const endMs = minute.openTimeMs + minuteMs;
    for (const group of this.groups) {
      const { bar, spanMs } = group;
      if (bar.openTimeMs >= 0 && minute.openTimeMs < bar.openTimeMs + spanMs && group.minutes > 0) {
        bar.append(minute);
        group.minutes += 1;
      } else {
        begin(group, minute);
      }
      group.taken[(minute.openTimeMs - bar.openTimeMs) / minuteMs] = 1;
      if (endMs === bar.openTimeMs + spanMs) {
        if (group.minutes * minuteMs === spanMs) into?.push(bar.toCandle(group.timeframe, scales));
        group.minutes = 0;
      }
    }
  }

  /** Takes in a minute that was left out, once, where its group is not over by `closedUntilMs`. */
  mend(minute: Bar, closedUntilMs: number): void {
    for (const group of this.groups) {
      const { bar, taken, spanMs } = group;
      const opened = openTimeMs(minute.openTimeMs, group.timeframe);
      if (opened + spanMs <= closedUntilMs) continue;
      const place = (minute.openTimeMs - opened) / minuteMs;
      if (group.minutes === 0 || bar.openTimeMs !== opened) {
        begin(group, minute);
      } else if (taken[place] === 0) {
        const first = taken.indexOf(1);
        if (place > taken.lastIndexOf(1)) bar.append(minute);
        else bar.insert(minute, { first: place < first });
        group.minutes += 1;
      }
      taken[place] = 1;
    }
  }

  /** The open candle of `timeframe` as its closed minutes and `minute` (the open one, if any) make it, or null. */
  open(timeframe: Timeframe, minute: Bar | null, scales: Scales): BuiltCandle | null {
    const group = this.groups.find((one) => one.timeframe === timeframe);
    if (!group) return null;
    const started = group.minutes > 0;
    if (!minute) return started ? group.bar.toCandle(timeframe, scales) : null;
    const opened = openTimeMs(minute.openTimeMs, timeframe);
    const bar = new Bar(opened);
    if (started && group.bar.openTimeMs === opened) {
      bar.restart(opened, group.bar);
      bar.append(minute);
    } else {
      bar.restart(opened, minute);
    }
    return bar.toCandle(timeframe, scales);
  }

  /** Highest scaled price held; 0 when empty. */
  highest(): number {
    return Math.max(0, ...this.groups.map(({ bar }) => bar.high));
  }

  refine(priceDigits: number, quantityDigits: number): void {
    for (const { bar } of this.groups) bar.refine(priceDigits, quantityDigits);
  }
}

/** Starts a group over with its first minute. */
function begin(group: Group, minute: Bar): void {
  group.bar.restart(openTimeMs(minute.openTimeMs, group.timeframe), minute);
  group.minutes = 1;
  group.taken.fill(0);
}
