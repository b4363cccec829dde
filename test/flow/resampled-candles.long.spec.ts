import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Imports } from '../../src/data/contract/imports.js';
import { Instruments } from '../../src/data/contract/instruments.js';
import { DataJobs } from '../../src/data/contract/jobs.js';
import { Spool } from '../../src/data/contract/spool.js';
import { timeframeMs, type Timeframe, toRfc3339 } from '../../src/kernel/time.js';
import { aDataHouse, aPrincipal, type DataHouse } from '../support/data-house.js';
import { marketFile, needsMarket } from '../support/market.js';

const principal = aPrincipal('trader');
const present = needsMarket('larger candles of the 2023 files of Binance');

/** `open,high,low,close,volume` by open time. */
type Series = Map<number, string>;

function fileOf(symbol: string, timeframe: Timeframe): string {
  return marketFile(`candles/binance_spot_${symbol}_${timeframe}_2023.csv.gz`);
}

function published(symbol: string, timeframe: Timeframe): Series {
  const [, ...lines] = gunzipSync(readFileSync(fileOf(symbol, timeframe)))
    .toString('utf8')
    .trim()
    .split('\n');
  return new Map(lines.map((line) => [Number(line.slice(0, 13)), line.slice(14)]));
}

/** Bars of the venue that lie in the span of the smaller series and are not the derived ones, by what is wrong. */
function compared(smaller: Series, spanMs: number, larger: Series, derived: Series, targetMs: number) {
  const times = [...smaller.keys()];
  const [first, end] = [times[0], times.at(-1)! + spanMs];
  const asked = [...larger].filter(([at]) => at >= first && at + targetMs <= end);
  const missing = asked.filter(([at]) => !derived.has(at)).map(([at]) => toRfc3339(at));
  const different = asked.filter(([at, bar]) => derived.has(at) && derived.get(at) !== bar);
  const invented = [...derived.keys()].filter((at) => !larger.has(at));
  return {
    bars: asked.length,
    equal: asked.length - missing.length - different.length,
    missing,
    different,
    invented,
  };
}

describe.runIf(present)('larger candles of the 2023 files', () => {
  let house: DataHouse;
  beforeAll(async () => {
    house = await aDataHouse();
  });
  afterAll(() => house.close());

  async function imported(instrument: string, symbol: string, timeframe: Timeframe): Promise<void> {
    const rules = {
      tickSize: '0.01',
      lotSize: '0.00001',
      minimumQuantity: '0.00001',
      minimumNotional: '5',
      makerFee: '0.001',
      takerFee: '0.001',
      status: 'trading',
    };
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id: instrument, rules });
    const body = readFileSync(fileOf(symbol, timeframe));
    const spool = await house.get(Spool).receive(Readable.from([body]), { gzip: true });
    const { id } = await house.get(Imports).candles({ principal, spool, query: { instrument, timeframe } });
    for (;;) {
      const job = await house.get(DataJobs).get({ principal, id });
      if (job.state !== 'queued' && job.state !== 'running') {
        expect(job).toMatchObject({ state: 'succeeded', problem: null });
        return;
      }
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }

  async function derived(instrument: string, timeframe: Timeframe): Promise<Series> {
    const { rows } = await house.database.query<{ at: number; bar: string }>(
      `SELECT open_time_ms AS at, concat_ws(',', open, high, low, close, volume) AS bar FROM data.candles
       WHERE instrument = $1 AND timeframe = $2 AND source = 'derived' ORDER BY open_time_ms`,
      [instrument, timeframe],
    );
    return new Map(rows.map(({ at, bar }) => [Number(at), bar]));
  }

  // On 24 March 2023 the venue stood still from 12:40 to 14:00. It has no 5m bar there, yet larger ones of what was
  // before; we make none of an incomplete group.
  it.each([
    { symbol: 'BTCUSDT', from: '5m', to: '15m', bars: 34_939, missing: ['2023-03-24T12:30:00.000Z'] },
    { symbol: 'BTCUSDT', from: '5m', to: '1h', bars: 8_735, missing: ['2023-03-24T12:00:00.000Z'] },
    { symbol: 'BTCUSDT', from: '15m', to: '1h', bars: 8_748, missing: ['2023-03-24T12:00:00.000Z'] },
    { symbol: 'ETHUSDT', from: '5m', to: '15m', bars: 34_939, missing: ['2023-03-24T12:30:00.000Z'] },
    { symbol: 'ETHUSDT', from: '5m', to: '1h', bars: 8_735, missing: ['2023-03-24T12:00:00.000Z'] },
    { symbol: 'ETHUSDT', from: '15m', to: '1h', bars: 8_748, missing: ['2023-03-24T12:00:00.000Z'] },
  ] as const)(
    'are the venue’s own bar for bar: $symbol $from → $to',
    async ({ symbol, from, to, bars, missing }) => {
      const instrument = `${symbol.slice(0, 3)}-USDT.FROM${from.toUpperCase()}`;
      const known = await house.get(Instruments).list({});
      if (!known.some(({ id }) => id === instrument)) await imported(instrument, symbol, from);
      const report = compared(
        published(symbol, from),
        timeframeMs(from),
        published(symbol, to),
        await derived(instrument, to),
        timeframeMs(to),
      );
      console.info(
        `${symbol} ${from} → ${to}: ${report.equal} of ${report.bars} bars equal, not made: ${report.missing.join()}`,
      );
      expect(report).toEqual({ bars, equal: bars - 1, missing, different: [], invented: [] });
    },
  );
});
