import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CandleClosed } from '../../src/data/contract/events.js';
import { Imports } from '../../src/data/contract/imports.js';
import { Instruments } from '../../src/data/contract/instruments.js';
import { DataJobs, type Job } from '../../src/data/contract/jobs.js';
import { Replays } from '../../src/data/contract/replays.js';
import { Spool } from '../../src/data/contract/spool.js';
import { toRfc3339 } from '../../src/kernel/time.js';
import { aDataHouse, aPrincipal, type DataHouse } from '../support/data-house.js';
import { marketFile, needsMarket } from '../support/market.js';

interface Bar {
  timestamp_ms: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
}

const instrument = 'BTC-USDT.BINANCE';
const principal = aPrincipal('trader');
const present = needsMarket('the candles of recorded Binance trades');

/** The `@trade` events of a recording (`<local ns> <raw message>` a line) as a file for the trade import. */
function tradesCsv(file: string): string {
  const lines = ['timestamp_ms,price,quantity,side,id'];
  for (const line of gunzipSync(readFileSync(marketFile(file)))
    .toString('utf8')
    .split('\n')) {
    if (!line.includes('@trade')) continue;
    const { T, p, q, m, t } = JSON.parse(line.slice(line.indexOf(' ') + 1)).data;
    // `m`: the buyer was the maker, so the taker sold.
    lines.push(`${T},${p},${q},${m ? 'sell' : 'buy'},${t}`);
  }
  return lines.join('\n');
}

describe.runIf(present)('recorded Binance trades', () => {
  let house: DataHouse;
  beforeAll(async () => {
    house = await aDataHouse();
    await house.get(Instruments).put({
      principal: aPrincipal('operator'),
      id: instrument,
      rules: {
        tickSize: '0.01',
        lotSize: '0.00001',
        minimumQuantity: '0.00001',
        minimumNotional: '5',
        makerFee: '0.001',
        takerFee: '0.001',
        status: 'trading',
      },
    });
  });
  afterAll(() => house.close());

  async function ended<T extends { id: string; state: string }>(
    port: { get(query: { principal: typeof principal; id: string }): Promise<T> },
    { id }: { id: string },
  ): Promise<T> {
    for (;;) {
      const now = await port.get({ principal, id });
      if (now.state !== 'queued' && now.state !== 'running') return now;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  async function imported(file: string): Promise<Job> {
    const body = Buffer.from(tradesCsv(file));
    const spool = await house.get(Spool).receive(Readable.from([body]), { gzip: false });
    const job = await house.get(Imports).trades({ principal, spool, query: { instrument } });
    return ended(house.get(DataJobs), job);
  }

  it('are imported whole, and make the very candles Binance published', { timeout: 60_000 }, async () => {
    const days = [
      await imported('ticks/binance_spot_btcusdt_20240808.gz'),
      await imported('ticks/binance_spot_btcusdt_20240809.gz'),
    ];
    expect(days.map(({ state, problem }) => ({ state, problem }))).toEqual([
      { state: 'succeeded', problem: null },
      { state: 'succeeded', problem: null },
    ]);

    const closed = new Map<number, CandleClosed['data']>();
    house.bus.subscribe<CandleClosed>('data.candle-closed', 'test', ({ data }) => {
      if (data.timeframe === '1m') closed.set(data.openTimeMs, data);
    });
    const { bars } = JSON.parse(
      readFileSync(marketFile('expected/klines_from_trades_btcusdt.json'), 'utf8'),
    ) as {
      bars: Bar[];
    };
    const first = Number(bars[0].timestamp_ms);
    const last = Number(bars.at(-1)!.timestamp_ms);
    const replay = await house.get(Replays).start({
      principal,
      replay: {
        instruments: [instrument],
        from: toRfc3339(first - 120_000),
        to: toRfc3339(last + 120_000),
        accounts: [],
      },
    });
    expect(await ended(house.get(Replays), replay)).toMatchObject({ state: 'succeeded', problem: null });

    const equal = bars.filter((bar) => {
      const { timestamp_ms, ...published } = bar;
      const own = closed.get(Number(timestamp_ms));
      expect(own, `candle of ${toRfc3339(Number(timestamp_ms))}`).toMatchObject(published);
      return true;
    });
    expect(equal).toHaveLength(10);
  });
});
