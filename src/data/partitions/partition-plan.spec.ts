import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs, timeframes } from '../../kernel/time.js';
import {
  candleTable,
  endOfTimeMs,
  holderOf,
  missingSpans,
  partitionedTables,
  partitionName,
  type Span,
  stretchOf,
  timeframesIn,
  windowsBack,
  windowsOnward,
} from './partition-plan.js';

const at = (text: string): number => Date.parse(`${text}Z`);
const nowMs = at('2024-03-05T12:00:00');
const shown = ({ fromMs, toMs }: Span): string =>
  [fromMs, toMs].map((time) => new Date(time).toISOString().slice(0, 10)).join(' ');

const timeMs = fc.integer({ min: at('2017-01-01T00:00:00'), max: at('2025-01-01T00:00:00') });
const table = fc.constantFrom(...partitionedTables);
/** Partitions as they come about: made for times, as seen at different days. */
const existing = fc
  .tuple(table, fc.array(fc.tuple(timeMs, timeMs), { maxLength: 30 }))
  .map(([name, made]) => {
    let spans: Span[] = [];
    for (const [time, now] of made) {
      spans = [...spans, ...missingSpans(name, spans, [time], now)].toSorted((a, b) => a.fromMs - b.fromMs);
    }
    return { name, spans };
  });

describe('the stretch of a partition', () => {
  it.each([
    ['trades', '2024-03-04T23:59:59', '2024-03-04 2024-03-05'],
    ['trades', '2024-03-07T00:00:00', '2024-03-07 2024-03-08'],
    ['trades', '2017-08-17T05:00:00', '2017-08-01 2017-09-01'],
    ['trades', '2024-02-20T00:00:00', '2024-02-01 2024-02-26'],
    ['trades', '2024-03-20T00:00:00', '2024-03-09 2024-04-01'],
    ['candles_minutes', '2023-02-28T10:00:00', '2023-01-01 2023-04-01'],
    ['candles_parts', '2023-12-31T23:45:00', '2023-01-01 2024-01-01'],
    ['candles_hours', '2023-12-31T23:00:00', '2020-01-01 2030-01-01'],
    ['candles_hours', '1969-12-31T23:00:00', '1960-01-01 1970-01-01'],
  ] as const)('of %s around %s is %s', (name, time, stretch) => {
    expect(shown(stretchOf(name, at(time), nowMs))).toBe(stretch);
  });

  it('is one table for each timeframe, minutes apart from hours', () => {
    expect(timeframes.map(candleTable)).not.toContain(undefined);
    expect(timeframesIn('candles_minutes')).toEqual(['1m']);
    expect(timeframesIn('candles_parts')).toEqual(['3m', '5m', '15m', '30m']);
    expect(timeframesIn('candles_hours')).toEqual(['1h', '2h', '4h', '6h', '8h', '12h', '1d']);
  });

  it('names a partition by its first day', () => {
    expect(partitionName('trades', { fromMs: nowMs - (nowMs % dayMs), toMs: 0 })).toBe('trades_20240305');
  });
});

describe('missing partitions', () => {
  it('are those around the rows, cut at their neighbours', () => {
    const day = stretchOf('trades', at('2024-02-27T00:00:00'), nowMs);
    const times = [
      at('2024-02-10T00:00:00'),
      at('2024-02-27T08:00:00'),
      at('2024-02-28T00:00:00'),
      at('2024-02-11T00:00:00'),
    ];
    expect(missingSpans('trades', [day], times, at('2025-01-01T00:00:00')).map(shown)).toEqual([
      '2024-02-01 2024-02-27',
      '2024-02-28 2024-03-01',
    ]);
  });

  it('give every row exactly one partition, whatever there was before', () => {
    fc.assert(
      fc.property(
        existing,
        fc.array(timeMs, { minLength: 1, maxLength: 20 }),
        timeMs,
        ({ name, spans }, times, now) => {
          const made = missingSpans(name, spans, times, now);
          const all = [...spans, ...made].toSorted((a, b) => a.fromMs - b.fromMs);
          all.forEach((span, n) => {
            expect(span.fromMs).toBeLessThan(span.toMs);
            expect(span.fromMs % dayMs).toBe(0);
            if (n > 0) expect(span.fromMs).toBeGreaterThanOrEqual(all[n - 1].toMs);
          });
          for (const time of times)
            expect(all.filter(({ fromMs, toMs }) => fromMs <= time && time < toMs)).toHaveLength(1);
          for (const span of made) expect(times.some((time) => holderOf([span], time) !== null)).toBe(true);
          expect(new Set(all.map((span) => partitionName(name, span))).size).toBe(all.length);
        },
      ),
    );
  });
});

describe('windows', () => {
  it('back and onward cover the range without a hole or an overlap, and touch ever more partitions', () => {
    fc.assert(
      fc.property(existing, timeMs, timeMs, ({ spans }, one, other) => {
        const [fromMs, toMs] = [Math.min(one, other), Math.max(one, other) + 1];
        const back = windowsBack(spans, toMs);
        expect(back[0].toMs).toBe(toMs);
        expect(back.at(-1)!.fromMs).toBe(-endOfTimeMs);
        back.slice(1).forEach((window, n) => expect(window.toMs).toBe(back[n].fromMs));
        const onward = windowsOnward(spans, { fromMs, toMs });
        expect(onward[0].fromMs).toBe(fromMs);
        expect(onward.at(-1)!.toMs).toBe(toMs);
        onward.slice(1).forEach((window, n) => expect(window.fromMs).toBe(onward[n].toMs));
        [back, onward].forEach((windows) =>
          windows.slice(0, -1).forEach((window, n) => {
            expect(window.fromMs).toBeLessThan(window.toMs);
            const touched = spans.filter((span) => span.fromMs < window.toMs && span.toMs > window.fromMs);
            expect(touched.length).toBeLessThanOrEqual(4 ** (n + 1));
          }),
        );
      }),
    );
  });

  it('are few however many partitions there are', () => {
    const spans = Array.from({ length: 3_000 }, (_, n) => ({ fromMs: n * dayMs, toMs: (n + 1) * dayMs }));
    for (const windows of [
      windowsBack(spans, endOfTimeMs),
      windowsOnward(spans, { fromMs: 0, toMs: endOfTimeMs }),
    ]) {
      expect(windows.length).toBeLessThanOrEqual(15);
      for (const { fromMs, toMs } of windows)
        expect(spans.filter((span) => span.fromMs < toMs && span.toMs > fromMs).length).toBeLessThanOrEqual(
          256,
        );
    }
  });
});
