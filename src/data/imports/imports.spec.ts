import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { Candles } from '../contract/candles.js';
import { type CandleImportQuery, Imports, type TradeImportQuery } from '../contract/imports.js';
import { Instruments } from '../contract/instruments.js';
import { DataJobs, type Job } from '../contract/jobs.js';
import { Spool } from '../contract/spool.js';

const instrument = 'BTC-USDT.BINANCE';
const t0 = Date.parse('2023-01-01T00:00:00Z');
const principal = aPrincipal('trader');
const header = 'timestamp_ms,open,high,low,close,volume';

/** `count` candles of `minutes` from 2023 on, as an exchange would write them. */
function csv(
  count: number,
  minutes = 5,
  change: (line: string, n: number) => string = (line) => line,
): string {
  const lines = Array.from({ length: count }, (_, n) => {
    const open = 16000 + (n % 50);
    return change(
      `${t0 + n * minutes * 60_000},${open}.50,${open + 9}.00,${open - 7}.25,${open + 3},${n % 7}.125`,
      n,
    );
  });
  return `${[header, ...lines].join('\n')}\n`;
}

describe('an import of candles', () => {
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
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id: instrument, rules });
  });
  afterAll(() => house.close());
  beforeEach(async () => {
    await house.database.query('TRUNCATE data.candles, data.trades');
  });

  async function ended(job: Job): Promise<Job> {
    for (;;) {
      const now = await house.get(DataJobs).get({ principal, id: job.id });
      if (!['queued', 'running'].includes(now.state)) return now;
      await new Promise((wake) => setTimeout(wake, 10));
    }
  }
  async function* pieces(body: string | Buffer): AsyncGenerator<Buffer> {
    const whole = Buffer.from(body);
    for (let at = 0; at < whole.length; at += 5000) yield whole.subarray(at, at + 5000);
  }
  async function imported(
    body: string | Buffer,
    query: Partial<CandleImportQuery> = {},
    options = { gzip: false },
  ): Promise<any> {
    const spool = await house.get(Spool).receive(pieces(body), options);
    const whole = { instrument, timeframe: '5m', ...query };
    return ended(await house.get(Imports).candles({ principal, spool, query: whole }));
  }
  async function importedTrades(body: string, query: Partial<TradeImportQuery> = {}): Promise<any> {
    const spool = await house.get(Spool).receive(pieces(body), { gzip: false });
    return ended(await house.get(Imports).trades({ principal, spool, query: { instrument, ...query } }));
  }
  const stored = async (timeframe = '5m'): Promise<any[]> =>
    (await house.get(Candles).list({ instrument, timeframe, limit: 5000 })).items;

  it('makes rows that were recorded live its own, so that they stay, and no others', async () => {
    await imported(csv(3));
    await house.database.query(`UPDATE data.candles SET source = 'feed', trades = 7`);
    expect((await imported(csv(2))).result).toMatchObject({ rows: 2, inserted: 0, unchanged: 2 });
    expect((await stored()).map(({ source, trades }) => [source, trades])).toEqual([
      ['import', 7],
      ['import', 7],
      ['feed', 7],
    ]);
    const trades = `timestamp_ms,price,quantity,side,id\n${t0},1,1,buy,a\n${t0},2,1,buy,b\n`;
    await importedTrades(trades);
    await house.database.query(`UPDATE data.trades SET source = 'feed'`);
    expect((await importedTrades(trades.replace(/.*a\n/, ''))).result).toMatchObject({ unchanged: 1 });
    const { rows } = await house.database.query('SELECT id, source FROM data.trades ORDER BY id');
    expect(rows).toEqual([
      { id: 'a', source: 'feed' },
      { id: 'b', source: 'import' },
    ]);
  });

  it('stores every row and makes the larger candles it completes', async () => {
    const job = await imported(csv(300));
    expect(job).toMatchObject({ state: 'succeeded', progress: 1, problem: null });
    expect(job.result).toMatchObject({
      rows: 300,
      inserted: 300,
      unchanged: 0,
      skipped: 0,
      errors: [],
      derived: { '15m': 100, '30m': 50, '1h': 25, '2h': 12, '4h': 6, '6h': 4, '8h': 3, '12h': 2, '1d': 1 },
    });
    const [first] = await stored();
    expect(first).toEqual({
      instrument,
      timeframe: '5m',
      time: '2023-01-01T00:00:00.000Z',
      open: '16000.5',
      high: '16009',
      low: '15993.25',
      close: '16003',
      volume: '0.125',
      closed: true,
      source: 'import',
    });
    const [hour] = await stored('1h');
    expect(hour).toMatchObject({
      open: '16000.5',
      high: '16020',
      low: '15993.25',
      close: '16014',
      volume: '32.5',
      source: 'derived',
    });
    expect(await stored('3m')).toEqual([]);
  });

  it('builds no larger candle over a hole', async () => {
    const job = await imported(csv(24, 5, (line, n) => (n === 7 ? '' : line)));
    expect(job.result.derived).toMatchObject({ '15m': 7, '30m': 3, '1h': 1 });
    expect((await stored('1h')).map((c) => c.time)).toEqual(['2023-01-01T01:00:00.000Z']);
    // The missing row comes later: now the hour is whole.
    const rest = csv(24).split('\n');
    await imported([header, rest[8]].join('\n'));
    expect(await stored('1h')).toHaveLength(2);
  });

  it('reads gzip, said or not, and files of other systems', async () => {
    expect((await imported(gzipSync(csv(10)), {}, { gzip: true })).result.inserted).toBe(10);
    expect((await imported(gzipSync(csv(20)))).result).toMatchObject({ inserted: 10, unchanged: 10 });
    expect((await imported(`\ufeff${csv(30).replaceAll('\n', '\r\n')}\r\n`)).result).toMatchObject({
      inserted: 10,
    });
  });

  it('imports nothing when one line is bad, and names each bad line', async () => {
    const bad = csv(9, 5, (line, n) => {
      if (n === 1) return line.replace('.50,', '.5O,');
      if (n === 3) return line.replace(/,[^,]*$/, ',-1');
      if (n === 4) return `${t0 + 61_000},1,1,1,1,1`;
      if (n === 5) return `${t0 + 5 * 300_000},10,9,8,10,1`;
      if (n === 6) return `${line},7`;
      return line;
    });
    const job = await imported(bad);
    expect(job).toMatchObject({ state: 'failed', problem: { code: 'DATA_IMPORT_INVALID', status: 422 } });
    expect(job.result).toMatchObject({ rows: 9, inserted: 0, errorCount: 5 });
    expect(job.problem.errors.map((e: any) => e.pointer)).toEqual([
      'line 3',
      'line 5',
      'line 6',
      'line 7',
      'line 8',
    ]);
    expect(job.problem.errors[0].detail).toContain('open is "16001.5O"');
    expect(job.problem.errors[2].detail).toContain('is not the open of a 5m candle');
    expect(job.problem.errors[3].detail).toContain('high 9 is below open 10');
    expect(await stored()).toEqual([]);
  });

  it('leaves bad lines out when asked to, and says which', async () => {
    const job = await imported(
      csv(9, 5, (line, n) => (n === 4 ? 'x,y' : line)),
      { onError: 'skip' },
    );
    expect(job).toMatchObject({
      state: 'succeeded',
      result: { rows: 9, inserted: 8, skipped: 1, errors: [{ line: 6 }] },
    });
  });

  it('tells a line that stands twice, and the first of them wins when skipping', async () => {
    const twice = `${csv(3)}${csv(1).split('\n')[1].replace('16000.50', '16001.50')}\n`;
    const job = await imported(twice);
    expect(job.problem.errors).toEqual([{ pointer: 'line 5', detail: `repeats ${t0} of line 2` }]);
    expect((await imported(twice, { onError: 'skip' })).result).toMatchObject({ inserted: 3, skipped: 1 });
    expect((await stored())[0].open).toBe('16000.5');
  });

  it('changes nothing when the same file comes again', async () => {
    await imported(csv(300));
    const before = await stored('1h');
    const job = await imported(csv(300));
    expect(job.result).toMatchObject({ rows: 300, inserted: 0, unchanged: 300, replaced: 0, derived: {} });
    expect(await stored('1h')).toEqual(before);
  });

  it('refuses rows that differ from stored ones, with their list, unless told what to do', async () => {
    await imported(csv(12));
    const other = csv(13, 5, (line, n) => (n === 3 ? line.replace(/,[^,]*$/, ',99.5') : line));
    const refused = await imported(other);
    expect(refused).toMatchObject({
      state: 'failed',
      problem: { code: 'DATA_IMPORT_CONFLICT', errorCount: 1 },
    });
    expect(refused.problem.errors[0]).toMatchObject({ pointer: 'line 5' });
    expect(refused.problem.errors[0].detail).toContain('volume 3.125; the file says');
    expect(await stored()).toHaveLength(12);

    expect((await imported(other, { onConflict: 'keep' })).result).toMatchObject({
      inserted: 1,
      unchanged: 11,
      kept: 1,
    });
    expect((await stored())[3].volume).toBe('3.125');
    const replaced = await imported(other, { onConflict: 'replace' });
    expect(replaced.result).toMatchObject({
      inserted: 0,
      unchanged: 12,
      replaced: 1,
      derived: { '15m': 1, '30m': 1, '1h': 1 },
    });
    expect((await stored())[3].volume).toBe('99.5');
    expect((await stored('1h'))[0].volume).toBe('128.875');
  });

  it('never lets a derived candle take the place of an imported one', async () => {
    await imported(csv(1, 60), { timeframe: '1h' });
    expect((await imported(csv(12))).result.derived).toMatchObject({ '15m': 4, '30m': 2, '1h': 0 });
    expect((await stored('1h'))[0]).toMatchObject({ source: 'import', close: '16003' });
  });

  it.each([
    ['another header', 'time,open\n1,2\n', 'DATA_IMPORT_INVALID'],
    ['no line at all', '\n\n', 'DATA_IMPORT_UNREADABLE'],
    ['one endless line', `${header}\n${'9'.repeat(9000)}`, 'DATA_IMPORT_UNREADABLE'],
    ['seconds instead of milliseconds', `${header}\n1672531200,1,1,1,1,1`, 'DATA_IMPORT_INVALID'],
    ['the future', `${header}\n4102444800000,1,1,1,1,1`, 'DATA_IMPORT_INVALID'],
    ['a huge number', `${header}\n${t0},1e999,1,1,1,1`, 'DATA_IMPORT_INVALID'],
    ['sixty digits', `${header}\n${t0},${'1'.repeat(60)},1,1,1,1`, 'DATA_IMPORT_INVALID'],
    ['a backslash that COPY would read', `${header}\n${t0},1,1,1,1,\\N`, 'DATA_IMPORT_INVALID'],
  ])('refuses %s and keeps nothing', async (_what, body, code) => {
    expect(await imported(body)).toMatchObject({ state: 'failed', problem: { code } });
    expect(await stored()).toEqual([]);
  });

  it('refuses broken gzip before it is acknowledged, and leaves no file', async () => {
    const whole = gzipSync(csv(100));
    for (const broken of [
      whole.subarray(0, whole.length - 20),
      Buffer.from('\x1f\x8bnot gzip'),
      Buffer.alloc(0),
    ]) {
      await expect(house.get(Spool).receive(pieces(broken), { gzip: true })).rejects.toMatchObject({
        code: 'DATA_IMPORT_UNREADABLE',
      });
    }
    await expect(house.get(Spool).receive(pieces(csv(3)), { gzip: true })).rejects.toThrow('not whole gzip');
    expect(readdirSync(join(house.dataDir, 'spool'))).toEqual([]);
  });

  it('refuses an instrument nobody knows, and drops the body', async () => {
    const spool = await house.get(Spool).receive(pieces(csv(1)), { gzip: false });
    const query = { instrument: 'DOGE-USDT.BINANCE', timeframe: '5m' };
    await expect(house.get(Imports).candles({ principal, spool, query })).rejects.toMatchObject({
      code: 'DATA_UNKNOWN_INSTRUMENT',
    });
    expect(readdirSync(join(house.dataDir, 'spool'))).toEqual([]);
  });

  it('takes no path for a spool', async () => {
    const query = { instrument, timeframe: '5m' };
    await expect(
      house.get(Imports).candles({ principal, spool: '../../etc/passwd', query }),
    ).rejects.toMatchObject({
      code: 'DATA_IMPORT_UNREADABLE',
    });
  });

  it('takes trades with and without ids, and the same file twice', async () => {
    const lines = [`${t0},16000.10,0.5,buy`, `${t0},16000.10,0.5,buy`, `${t0 + 5},15999,0.25,sell`];
    const plain = ['timestamp_ms,price,quantity,side', ...lines].join('\n');
    expect((await importedTrades(plain)).result).toMatchObject({ rows: 3, inserted: 3 });
    expect((await importedTrades(plain)).result).toMatchObject({ inserted: 0, unchanged: 3 });
    const withIds = ['timestamp_ms,price,quantity,side,id', `${t0},1,1,buy,7`, `${t0},1,1,buy,7`].join('\n');
    expect((await importedTrades(withIds)).problem.errors[0].detail).toContain(`repeats ${t0} 7 of line 2`);
    const { rows } = await house.database.query(
      'SELECT time_ms, id, place, price FROM data.trades ORDER BY 1, 3',
    );
    expect(rows).toEqual([
      { time_ms: t0, id: 'row-0', place: 0, price: '16000.1' },
      { time_ms: t0, id: 'row-1', place: 1, price: '16000.1' },
      { time_ms: t0 + 5, id: 'row-0', place: 0, price: '15999' },
    ]);
  });
});
