import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { GivenHistory, realCandles, steadyCandles } from '../../../test/support/file-history.js';
import { marketFile, needsMarket } from '../../../test/support/market.js';
import { recordStatements } from '../../../test/support/query-plans.js';
import { Backfills } from '../contract/backfills.js';
import { type CandleImportQuery, Imports } from '../contract/imports.js';
import { Instruments } from '../contract/instruments.js';
import { DataJobs } from '../contract/jobs.js';
import { Quality, type SeriesQuality } from '../contract/quality.js';
import { Spool } from '../contract/spool.js';
import { VenueHistories } from '../venues/venue-histories.service.js';
import { TickFaults } from './tick-faults.service.js';

const principal = aPrincipal('trader');
const [imported, backfilled, live] = ['BTC-USDT.BINANCE', 'ETH-USDT.BINANCE', 'SOL-USDT.BINANCE'];
const t0 = Date.parse('2023-01-01T00:00:00Z');

describe('the quality of stored candles', () => {
  let house: DataHouse;
  beforeAll(async () => {
    house = await aDataHouse();
    const rules = {
      tickSize: '0.01',
      lotSize: '0.00001',
      minimumQuantity: '0.00001',
      minimumNotional: '5',
      makerFee: '0.001',
      takerFee: '0.001',
      status: 'trading',
    };
    for (const id of [imported, backfilled, live]) {
      await house.get(Instruments).put({ principal: aPrincipal('operator'), id, rules });
    }
  });
  afterAll(() => house.close());

  const of = (instrument: string, timeframe = '5m'): Promise<SeriesQuality> =>
    house.get(Quality).series({ instrument, timeframe });
  async function done(job: { id: string }): Promise<void> {
    const state = async (): Promise<string> =>
      (await house.get(DataJobs).get({ principal, id: job.id })).state;
    await expect.poll(state, { timeout: 15_000, interval: 20 }).toBe('succeeded');
  }
  async function importLines(body: string, query: CandleImportQuery): Promise<void> {
    const spool = await house.get(Spool).receive(
      (async function* () {
        yield Buffer.from(body);
      })(),
      { gzip: false },
    );
    await done(await house.get(Imports).candles({ principal, spool, query }));
  }
  const outage = { from: '2023-03-24T12:40:00.000Z', to: '2023-03-24T14:00:00.000Z', bars: 16 };

  it.runIf(needsMarket('the outage of 2023'))(
    'shows the outage of 24 March 2023 as one gap of sixteen bars, of which nobody knows',
    async () => {
      const file = marketFile('candles/binance_spot_BTCUSDT_5m_2023.csv.gz');
      const text = gunzipSync(readFileSync(file)).toString().split('\n');
      const february = text.slice(0, 1 + 100 * 288).join('\n');
      await importLines(february, { instrument: imported, timeframe: '5m' });
      expect(await of(imported)).toMatchObject({
        first: '2023-01-01T00:00:00.000Z',
        expected: 100 * 288 + 16,
        present: 100 * 288,
        noTrades: 0,
        noData: 16,
        gapCount: 1,
        gaps: [{ ...outage, reason: 'noData' }],
      });
    },
  );

  it.runIf(needsMarket('the outage of 2023'))(
    'knows that nothing traded in it, once the venue was asked, and so do the larger candles',
    async () => {
      const five = realCandles('binance_spot_ETHUSDT_5m_2023.csv.gz');
      house.get(VenueHistories).register(new GivenHistory('BINANCE', { '5m': five }));
      const range = { from: '2023-03-23T00:00:00Z', to: '2023-03-26T00:00:00Z' };
      const backfill = { instrument: backfilled, timeframe: '5m', ...range };
      await done(await house.get(Backfills).start({ principal, backfill }));
      expect(await of(backfilled)).toMatchObject({
        noTrades: 16,
        noData: 0,
        gaps: [{ ...outage, reason: 'noTrades' }],
      });
      expect(await of(backfilled, '15m')).toMatchObject({
        noTrades: 5,
        gaps: [
          { from: '2023-03-24T12:45:00.000Z', to: '2023-03-24T14:00:00.000Z', bars: 5, reason: 'noTrades' },
        ],
      });
    },
  );

  it('counts a series once, and after that only what came after', async () => {
    const lines = (from: number, count: number): string =>
      steadyCandles(t0 + from * 300_000, count, '5m')
        .map(({ openTimeMs, open, high, low, close, volume }) =>
          [openTimeMs, open, high, low, close, volume].join(','),
        )
        .join('\n');
    const header = 'timestamp_ms,open,high,low,close,volume\n';
    await importLines(`${header}${lines(0, 50)}\n${lines(60, 40)}`, { instrument: live, timeframe: '5m' });
    expect(await of(live)).toMatchObject({ expected: 100, present: 90, noData: 10, gapCount: 1 });
    const statements = recordStatements(house.database);
    expect(await of(live)).toMatchObject({ expected: 100, present: 90 });
    expect(statements.filter(({ text }) => text.includes('count(*)'))).toEqual([]);
    // Another import changes the past: the gap is closed, and that is seen.
    await importLines(`${header}${lines(50, 10)}`, { instrument: live, timeframe: '5m' });
    expect(await of(live)).toMatchObject({ expected: 100, present: 100, noData: 0, gaps: [] });
  });

  it('counts what came twice and what came late, also over a restart', async () => {
    house.get(TickFaults).add(live, 'duplicates', 3);
    house.get(TickFaults).add(live, 'late');
    expect(await of(live)).toMatchObject({ duplicatesDropped: 3, lateTrades: 1 });
    await house.stop();
    house = await aDataHouse({ after: house });
    const after = await of(live);
    expect(after).toMatchObject({ duplicatesDropped: 3, lateTrades: 1, countedSince: expect.any(String) });
    house.get(TickFaults).add(live, 'late');
    expect((await of(live)).lateTrades).toBe(2);
  });
});
