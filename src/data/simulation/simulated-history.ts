import { invariant } from '../../kernel/invariant.js';
import { minuteMs } from '../../kernel/time.js';
import { Bar, type BuiltCandle, type CandleRun } from '../candles/built-candle.js';
import { LargerCandles } from '../candles/larger-candles.js';
import type { SimulatedMarket } from './simulated-market.js';

/** Minutes made before others get a turn: about 5 ms of work. */
const minutesPerChunk = 250;

/**
 * Runs `market` to `toMs` in whole minutes and yields the candles of every timeframe in chunks, an instrument each;
 * afterwards the market stands at `toMs`, ready for live steps. What is yielded depends on the market's seed, start
 * and prices alone. A larger candle that began before the market did is made only when `seen` (minutes stored before,
 * by instrument) has the rest of it.
 */
export function* simulatedHistory(
  market: SimulatedMarket,
  toMs: number,
  seen: ReadonlyMap<string, readonly BuiltCandle[]> = new Map(),
): Generator<CandleRun[], void, undefined> {
  invariant(toMs % minuteMs === 0, 'history ends at a minute', { toMs });
  const scales = market.instruments.map((one) => ({ price: one.priceScale, quantity: one.quantityScale }));
  const larger = scales.map(() => new LargerCandles());
  market.instruments.forEach(({ id }, n) => {
    for (const minute of seen.get(id) ?? []) {
      const bar = Bar.of(minute, scales[n]);
      if (bar) larger[n].append(bar, scales[n], null);
    }
  });
  const fresh = (): CandleRun[] => market.instruments.map(({ id }) => ({ instrument: id, candles: [] }));
  let runs = fresh();
  let minutes = 0;
  while (market.nowMs < toMs) {
    market.nextMinute().forEach((bar, n) => {
      const { candles } = runs[n];
      candles.push(bar.toCandle('1m', scales[n]));
      larger[n].append(bar, scales[n], candles);
    });
    minutes += 1;
    if (minutes % minutesPerChunk === 0) {
      yield runs;
      runs = fresh();
    }
  }
  if (minutes % minutesPerChunk > 0) yield runs;
}
