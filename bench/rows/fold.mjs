import { deepStrictEqual } from 'node:assert/strict';
import { cpuSeconds } from '../lib/cpu.mjs';
import { expected, futuresFiles, recordedTicks, spotFiles } from '../lib/recorded.mjs';

const minuteMs = 60_000;
/** The recordings are played so many times, one after the other, each time with texts of their own. */
const rounds = 24;
/** How often the live market closes what has ended. */
const beatMs = 250;

function trades(files, shiftMs) {
  return recordedTicks(...files).flatMap(({ data }) =>
    data?.e === 'trade' ? [{ price: data.p, quantity: data.q, timeMs: data.T + shiftMs }] : [],
  );
}

/** The recorded trades of one market, over and over, each round in minutes of its own. */
function played(files) {
  const first = trades(files, 0);
  const spanMs = (Math.ceil((first.at(-1).timeMs - first[0].timeMs) / minuteMs) + 1) * minuteMs;
  return Array.from({ length: rounds - 1 }, (_, n) => trades(files, (n + 1) * spanMs)).reduce(
    (all, round) => all.concat(round),
    first,
  );
}

function folded(CandleBuilder, scales, ticks, keep) {
  const builder = new CandleBuilder(scales);
  let beat = 0;
  for (const tick of ticks) {
    if (tick.timeMs >= beat) {
      for (const candle of builder.closeUntil(tick.timeMs)) keep(candle);
      beat = tick.timeMs + beatMs;
    }
    builder.foldText(tick);
  }
}

export const rows = [
  {
    row: 'pure tick → candle fold, all timeframes',
    against: 'the limit of 3 M ticks/s',
    unit: 'ticks/CPU s',
    atLeast: 1,
    open: async () => {
      const { CandleBuilder } = await import('../../dist/src/data/candles/candle-builder.js');
      const markets = [
        { scales: { price: 2, quantity: 5 }, ticks: played(spotFiles) },
        { scales: { price: 1, quantity: 3 }, ticks: played(futuresFiles) },
      ];
      const minutes = new Map();
      folded(CandleBuilder, markets[0].scales, markets[0].ticks, (candle) => {
        if (candle.timeframe === '1m') minutes.set(candle.openTimeMs, candle);
      });
      const { bars } = expected('klines_from_trades_btcusdt.json');
      for (const { timestamp_ms, ...bar } of bars) {
        const { open, high, low, close, volume } = minutes.get(Number(timestamp_ms));
        deepStrictEqual({ open, high, low, close, volume }, bar);
      }
      const count = markets.reduce((sum, { ticks }) => sum + ticks.length, 0);
      let candles = 0;
      const wall = [];
      return {
        ours: async () => {
          candles = 0;
          const startedMs = performance.now();
          const seconds = cpuSeconds(() => {
            for (const { scales, ticks } of markets)
              folded(CandleBuilder, scales, ticks, () => (candles += 1));
          });
          wall.push(Math.round(count / ((performance.now() - startedMs) / 1000)));
          return count / seconds;
        },
        peer: async () => 3_000_000,
        notes: () => ({ ticks: count, candles, equalToOfficialKlines: bars.length, wall }),
        close: async () => undefined,
      };
    },
  },
];
