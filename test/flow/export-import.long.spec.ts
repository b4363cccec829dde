import { expect, it } from 'vitest';
import { marketFile, needsMarket } from '../support/market.js';
import { startServer } from '../support/server.js';

const rules = {
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0.00001',
  minimumNotional: '1',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

it.runIf(needsMarket('the export of a real year'))(
  'an export of a real year of five-minute candles, imported and exported again, is the same bytes',
  async () => {
    const server = await startServer({ FEEDS: 'none' });
    try {
      const client = await server.signedIn();
      const [mine, copy] = ['MINE-USDT.BINANCE', 'COPY-USDT.BINANCE'];
      for (const id of [mine, copy]) await client.put(`/v1/instruments/${id}`, rules);
      const csv = { 'content-type': 'text/csv' };
      const importTo = (id: string): string => `/v1/imports/candles?instrument=${id}&timeframe=5m`;
      const exported = async (id: string, timeframe: string): Promise<string> =>
        (await client.get(`/v1/exports/candles?instrument=${id}&timeframe=${timeframe}`)).body;
      const file = marketFile('candles/binance_spot_BTCUSDT_5m_2023.csv.gz');
      const first = await client.upload(importTo(mine), file, { ...csv, 'content-encoding': 'gzip' });
      expect((await client.ended(`/v1/jobs/${first.body.id}`)).result).toMatchObject({ inserted: 104_816 });
      const text = await exported(mine, '5m');
      const second = await client.raw('POST', importTo(copy), text, csv);
      expect((await client.ended(`/v1/jobs/${second.body.id}`)).result).toMatchObject({ inserted: 104_816 });
      for (const timeframe of ['5m', '15m', '1h', '1d']) {
        const [ours, theirs] = [await exported(mine, timeframe), await exported(copy, timeframe)];
        expect(ours.length).toBeGreaterThan(10_000);
        expect(ours === theirs, timeframe).toBe(true);
      }
    } finally {
      await server.stop();
    }
  },
);
