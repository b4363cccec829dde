import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { realCandles, steadyCandles } from '../../../test/support/file-history.js';
import { needsMarket } from '../../../test/support/market.js';
import { zipOf, type ZipMember } from '../../../test/support/zip.js';
import type { VenueCandle } from '../venues/venue.js';
import { Imports } from '../contract/imports.js';
import { Instruments } from '../contract/instruments.js';
import { DataJobs, type Job } from '../contract/jobs.js';
import { Spool } from '../contract/spool.js';

const instrument = 'BTC-USDT.BINANCE';
const principal = aPrincipal('trader');
const t0 = Date.parse('2023-01-01T00:00:00Z');
const fiveMs = 300_000;

/** Candles as Binance publishes them, in milliseconds or, as since 2025, in microseconds. */
function klines(candles: readonly VenueCandle[], us = false): string {
  const time = (ms: number, rest: string): string => (us ? `${ms}${rest}` : `${ms}`);
  return candles
    .map(({ openTimeMs, open, high, low, close, volume }, n) =>
      [
        time(openTimeMs, '000'),
        ...[open, high, low, close, volume],
        time(openTimeMs + fiveMs - 1, '999'),
        '0.5',
        n + 1,
        ...['0.1', '0.2', '0'],
      ].join(','),
    )
    .join('\n');
}

describe('an archive of an exchange', () => {
  let house: DataHouse;
  beforeAll(async () => {
    house = await aDataHouse({ config: { importUnpackedBytesMax: 20_000_000 } });
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
  });
  afterAll(() => house.close());
  beforeEach(async () => {
    await house.database.query('TRUNCATE data.candles, data.trades');
  });

  async function* pieces(body: Buffer): AsyncGenerator<Buffer> {
    for (let at = 0; at < body.length; at += 5000) yield body.subarray(at, at + 5000);
  }
  const receive = (body: Buffer): Promise<string> =>
    house.get(Spool).receive(pieces(body), { gzip: false, zip: true });
  async function ended({ id }: Job): Promise<any> {
    for (;;) {
      const now = await house.get(DataJobs).get({ principal, id });
      if (!['queued', 'running'].includes(now.state)) return now;
      await new Promise((wake) => setTimeout(wake, 10));
    }
  }
  const imported = async (body: Buffer, timeframe = '5m'): Promise<any> => {
    const spool = await receive(body);
    return ended(await house.get(Imports).candles({ principal, spool, query: { instrument, timeframe } }));
  };
  const ofCandles = (content: string): Buffer => zipOf({ name: 'BTCUSDT-5m-2023-01.csv', content });
  const left = (): string[] => {
    const folder = join(house.dataDir, 'spool');
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  it.runIf(needsMarket('archives of real candles')).each([
    ['milliseconds', false],
    ['microseconds', true],
  ])('gives the real candles of January 2023, its times in %s', async (_unit, us) => {
    const january = realCandles('binance_spot_BTCUSDT_5m_2023.csv.gz').slice(0, 31 * 288);
    const job = await imported(ofCandles(klines(january, us)));
    expect(job).toMatchObject({
      state: 'succeeded',
      result: { rows: 8928, inserted: 8928, derived: { '1d': 31 } },
    });
    const { rows } = await house.database.query(
      `SELECT open_time_ms, open, high, low, close, volume, trades FROM data.candles
       WHERE timeframe = '5m' ORDER BY open_time_ms`,
    );
    expect(rows.map((row) => Object.values(row).map(Number))).toEqual(
      january.map(({ openTimeMs, open, high, low, close, volume }, n) =>
        [openTimeMs, open, high, low, close, volume, n + 1].map(Number),
      ),
    );
  });

  it('gives the number of trades to the candles made of it, and changes nothing the second time', async () => {
    const body = ofCandles(klines(steadyCandles(t0, 12, '5m')));
    expect((await imported(body)).result).toMatchObject({ inserted: 12, derived: { '1h': 1 } });
    const { rows } = await house.database.query(`SELECT trades FROM data.candles WHERE timeframe = '1h'`);
    expect(rows).toEqual([{ trades: 78 }]);
    expect((await imported(body)).result).toMatchObject({ inserted: 0, unchanged: 12 });
    expect(left()).toEqual([]);
  });

  it('holds no candles of another timeframe than the import says', async () => {
    const job = await imported(ofCandles(klines(steadyCandles(t0, 12, '5m'))), '1m');
    expect(job).toMatchObject({ state: 'failed', problem: { code: 'DATA_IMPORT_INVALID', errorCount: 12 } });
    expect(job.problem.errors[0].detail).toContain('does not end a 1m candle');
  });

  it('gives trades, of which the taker is the other side of the maker', async () => {
    const lines = [`11,16000.10,0.5,8000.05,${t0},True,True`, `12,16001,0.25,4000.25,${t0 + 7},False,True`];
    const spool = await receive(zipOf({ name: 'BTCUSDT-trades-2023-01-01.csv', content: lines.join('\n') }));
    const job = await ended(await house.get(Imports).trades({ principal, spool, query: { instrument } }));
    expect(job).toMatchObject({ state: 'succeeded', result: { rows: 2, inserted: 2 } });
    const { rows } = await house.database.query('SELECT id, side, price FROM data.trades ORDER BY time_ms');
    expect(rows).toEqual([
      { id: '11', side: 'sell', price: '16000.1' },
      { id: '12', side: 'buy', price: '16001' },
    ]);
  });

  it('may hold a file of our own layout, beside folders', async () => {
    const content = `timestamp_ms,open,high,low,close,volume\n${t0},1,2,1,2,3\n`;
    const body = zipOf({ name: 'data/', content: '' }, { name: 'data/mine.csv', content });
    expect(await imported(body)).toMatchObject({ state: 'succeeded', result: { inserted: 1 } });
  });

  const csv = klines(steadyCandles(t0, 3, '5m'));
  const member = { name: 'a.csv', content: csv };
  const whole = zipOf(member);
  it.each<[string, Buffer, string]>([
    ['two files', zipOf(member, { name: 'b.csv', content: csv }), 'send one file'],
    ['no file', zipOf({ name: 'empty/', content: '' }), 'holds no file'],
    ['nothing at all', zipOf(), 'holds no file'],
    ['a thousand folders', zipOf(...folders(1_000)), 'holds 1000 entries'],
    ['an encrypted file', zipOf({ ...member, encrypted: true }), 'without a password'],
    ['an unusual packing', zipOf({ ...member, method: 12 }), 'only deflate and store'],
    ['another checksum', zipOf({ ...member, checksum: 1 }), 'another checksum'],
    ['fewer bytes than it says', zipOf({ ...member, claimedBytes: csv.length + 1 }), 'broken'],
    ['more bytes than it says', zipOf({ ...member, claimedBytes: csv.length - 1 }), 'broken'],
    ['half of itself', whole.subarray(0, whole.length / 2), 'not a whole zip archive'],
    ['gzip', Buffer.from('\x1f\x8bnot really', 'latin1'), 'not'],
    ['plain CSV', Buffer.from(csv), 'not a zip archive'],
  ])('that holds %s is refused before it is acknowledged', async (_what, body, words) => {
    await expect(receive(body)).rejects.toMatchObject({
      code: 'DATA_IMPORT_UNREADABLE',
      content: { detail: expect.stringContaining(words) },
    });
    expect(left()).toEqual([]);
  });

  it('that unpacks to more than is allowed is refused by its size, and when it lies about it by its content', async () => {
    const bomb = { name: 'bomb.csv', content: Buffer.alloc(30_000_000) };
    const honest = zipOf(bomb);
    expect(honest.length).toBeLessThan(50_000);
    await expect(receive(honest)).rejects.toMatchObject({
      code: 'REQUEST_TOO_LARGE',
      content: { detail: expect.stringContaining('unpacks to 30000000 bytes, 20000000 are allowed') },
    });
    await expect(receive(zipOf({ ...bomb, claimedBytes: 1_000 }))).rejects.toMatchObject({
      code: 'DATA_IMPORT_UNREADABLE',
      content: { detail: expect.stringContaining('too many bytes') },
    });
    expect(left()).toEqual([]);
  });
});

function folders(count: number): ZipMember[] {
  return Array.from({ length: count }, (_, n) => ({ name: `folder-${n}/`, content: '' }));
}
