import { beforeEach, describe, expect, it } from 'vitest';
import type { Candle, CandleQuery, Candles } from '../../data/contract/candles.js';
import type { CandleClosed } from '../../data/contract/events.js';
import { liveSession } from '../../kernel/events.js';
import { NoMetrics } from '../../kernel/metrics.js';
import type { Page } from '../../kernel/page.js';
import { SeededRandom } from '../../kernel/random.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import { featureSet } from '../features/feature-sets.js';
import { FeatureStreams } from './feature-streams.service.js';

const set = featureSet('v1')!;
const barMs = 300_000;
const instrument = 'BTC-USD.SIM';
const key = { session: liveSession, instrument, timeframe: '5m' as const, set };

class HandClock extends Clock {
  ms = 0;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

/** A stored random walk; counts how often it is asked. */
class StoredCandles implements Candles {
  readonly candles: Candle[] = [];
  asked = 0;

  constructor(count: number) {
    const random = new SeededRandom(1);
    let close = 100;
    for (let n = 0; n < count; n += 1) {
      const open = close;
      close *= Math.exp(0.002 * random.nextGaussian());
      this.candles.push({
        instrument,
        timeframe: '5m',
        time: toRfc3339(n * barMs),
        open: open.toFixed(4),
        high: (Math.max(open, close) * 1.001).toFixed(4),
        low: (Math.min(open, close) * 0.999).toFixed(4),
        close: close.toFixed(4),
        volume: (1 + random.nextFloat()).toFixed(4),
        closed: true,
        source: 'import',
      });
    }
  }

  async listText(query: CandleQuery): Promise<string> {
    return JSON.stringify(await this.list(query));
  }

  async list(query: CandleQuery): Promise<Page<Candle>> {
    this.asked += 1;
    const fits = this.candles.filter(
      (c) => (!query.from || c.time >= query.from) && (!query.to || c.time < query.to),
    );
    return { items: query.from ? fits.slice(0, query.limit) : fits.slice(-query.limit!), nextCursor: null };
  }
}

function closedEvent(candle: Candle, session = liveSession): CandleClosed {
  const { open, high, low, close, volume, time } = candle;
  const openTimeMs = Date.parse(time);
  return {
    type: 'data.candle-closed',
    key: `${session}:${instrument}:5m`,
    session,
    timeMs: openTimeMs + barMs,
    data: { instrument, timeframe: '5m', openTimeMs, open, high, low, close, volume },
  };
}

describe('feature streams', () => {
  const clock = new HandClock();
  let stored: StoredCandles;
  let streams: FeatureStreams;

  beforeEach(() => {
    stored = new StoredCandles(set.barsSettled + 50);
    streams = new FeatureStreams(stored, clock, new NoMetrics());
  });

  it('starts with the past that lies before the first candle it hears of', async () => {
    const newest = stored.candles.at(-1)!;
    const current = await streams.closed(closedEvent(newest), set);
    expect(current?.stream.warm).toBe(true);
    expect(current?.stream.timeMs).toBe(Date.parse(newest.time));
    expect(current?.close).toBe(newest.close);
  });

  it('answers the same vector whether candles came one by one or from storage', async () => {
    const tail = stored.candles.slice(-20);
    for (const candle of tail) await streams.closed(closedEvent(candle), set);
    const told = (await streams.current(key)).stream.values();
    const afresh = (await new FeatureStreams(stored, clock, new NoMetrics()).current(key)).stream.values();
    told.forEach((value, n) => expect(value).toBeCloseTo(afresh[n], 8));
  });

  it('counts a candle once, however often it is told', async () => {
    const event = closedEvent(stored.candles.at(-1)!);
    expect(await streams.closed(event, set)).not.toBeNull();
    expect(await streams.closed(event, set)).toBeNull();
    expect(stored.asked).toBe(1);
  });

  it('keeps a replay apart from the live market', async () => {
    const early = stored.candles[set.barsSettled];
    await streams.closed(closedEvent(early, 'replay-1'), set);
    expect((await streams.current(key)).stream.timeMs).toBe(Date.parse(stored.candles.at(-1)!.time));
    streams.forget('replay-1');
    const again = await streams.closed(closedEvent(early, 'replay-1'), set);
    expect(again?.stream.timeMs).toBe(Date.parse(early.time));
  });

  it('looks for newer stored candles at most once a second', async () => {
    await streams.current(key);
    await streams.current(key);
    expect(stored.asked).toBe(1);
    clock.ms += 1000;
    stored.candles.push({ ...stored.candles.at(-1)!, time: toRfc3339(stored.candles.length * barMs) });
    expect((await streams.current(key)).stream.timeMs).toBe((stored.candles.length - 1) * barMs);
    expect(stored.asked).toBe(2);
  });

  it('recovers when storage fails once', async () => {
    const list = stored.list.bind(stored);
    stored.list = () => Promise.reject(new Error('database away'));
    await expect(streams.current(key)).rejects.toThrow('database away');
    stored.list = list;
    expect((await streams.current(key)).stream.warm).toBe(true);
  });
});
