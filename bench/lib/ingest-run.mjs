import { FeedRun } from '../../dist/src/data/feeds/feed-run.service.js';
import { Ingest } from '../../dist/src/data/feeds/ingest.service.js';
import { MarketOutbox } from '../../dist/src/data/feeds/market-outbox.service.js';
import { dataMetrics } from '../../dist/src/data/data.metrics.js';
import { Instruments } from '../../dist/src/data/contract/instruments.js';

export const instrument = 'BTC-USDT.BINANCE';

/** Ticks as a venue's decoder hands them over: `count` trades, four a second, from `fromMs` on, and a watermark with each thousand. */
export function tradeTicks(count, fromMs, firstId) {
  const ticks = [];
  for (let n = 0; n < count; n += 1) {
    const timeMs = fromMs + n * 20;
    ticks.push({
      kind: 'trade',
      instrument,
      id: String(firstId + n),
      price: (60_000 + ((n * 7) % 5_000) / 100).toFixed(2),
      quantity: ((1 + ((n * 13) % 99_991)) / 100_000).toFixed(5),
      side: n % 2 === 0 ? 'buy' : 'sell',
      timeMs,
    });
    if (n % 1_000 === 999) ticks.push({ kind: 'watermark', instrument, timeMs });
  }
  return ticks;
}

export async function putInstrument(house) {
  await house.get(Instruments).put({
    principal: { userId: 'bench', username: 'bench', role: 'operator' },
    id: instrument,
    rules: {
      tickSize: '0.01',
      lotSize: '0.00001',
      minimumQuantity: '0',
      minimumNotional: '0',
      makerFee: '0',
      takerFee: '0',
      status: 'trading',
    },
  });
}

/**
 * Runs ticks through a feed as it ships: belief, duplicates, order, quotes, stream, candles, storage. As much is handed
 * in as the queues hold. Resolves with the seconds until the last trade and candle were committed.
 */
export async function ingest(house, ticks) {
  const outbox = house.get(MarketOutbox);
  let nowMs = ticks[0].timeMs;
  const source = {
    id: 'sim',
    instruments: [instrument],
    origin: 'feed',
    nowMs: () => nowMs,
    prepare: async () => undefined,
    start: (sink) => sink.begin([instrument]),
    stop: async () => undefined,
  };
  const { config, log } = house;
  const metrics = dataMetrics(house.metrics);
  const run = new FeedRun(source, { ingest: house.get(Ingest), outbox, config, metrics, log });
  await run.start();
  const startedMs = performance.now();
  const chunk = 1_001;
  for (let at = 0; at < ticks.length; at += chunk) {
    const part = ticks.slice(at, at + chunk);
    nowMs = part.at(-1).timeMs;
    run.accept(part);
    await new Promise((wake) => setImmediate(wake));
    while (run.queued > 20_000 || outbox.waiting > 60_000) await new Promise((wake) => setTimeout(wake, 1));
  }
  while (run.queued > 0 || outbox.waiting > 0) {
    await run.stop();
    await new Promise((wake) => setTimeout(wake, 1));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const { refused } = run.status();
  if (refused > 0) throw new Error(`${refused} trades were refused`);
  return seconds;
}
