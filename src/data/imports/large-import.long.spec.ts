import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { minuteMs } from '../../kernel/time.js';
import { Imports } from '../contract/imports.js';
import { Instruments } from '../contract/instruments.js';
import { DataJobs } from '../contract/jobs.js';
import { Spool } from '../contract/spool.js';

/** IMPORT_ROWS changes the size. */
const rowCount = Number(process.env.IMPORT_ROWS ?? 1_200_000);
/** Unpacked the file is some 65 bytes a line; held as rows of text it would be several hundred. */
const growthMaxMiB = 150;
const instrument = 'BTC-USDT.BINANCE';
const t0 = Date.parse('2021-01-01T00:00:00Z');
const principal = aPrincipal('trader');
const badLine = rowCount - 1_000;

let house: DataHouse;
const figures: Record<string, unknown> = { rows: rowCount };
beforeAll(async () => {
  house = await aDataHouse();
  const rules = {
    tickSize: '0.01',
    lotSize: '0.00001',
    minimumQuantity: '0',
    minimumNotional: '0',
    makerFee: '0',
    takerFee: '0',
    status: 'trading',
  };
  await house.get(Instruments).put({ principal: aPrincipal('operator'), id: instrument, rules });
});
afterAll(async () => {
  console.info(`a large import: ${JSON.stringify(figures)}`);
  await house.close();
});

/** The file, made as it is read; line `bad` has no price. */
function* file(bad: number | null): Generator<string> {
  let text = 'timestamp_ms,open,high,low,close,volume\n';
  for (let line = 2; line <= rowCount + 1; line += 1) {
    const n = line - 2;
    const open = line === bad ? 'x' : `${16_000 + (n % 997)}.50`;
    text += `${t0 + n * minuteMs},${open},${16_999 + (n % 7)}.25,15000.75,${16_003 + (n % 97)}.125,${n % 77}.12345\n`;
    if (text.length > 64 * 1024) {
      yield text;
      text = '';
    }
  }
  yield text;
}

/** Imports the file, and answers its job and how much memory of the process grew meanwhile, at its highest (MiB). */
async function imported(bad: number | null, query: { onError?: 'skip' } = {}): Promise<any> {
  const packed = Readable.from(file(bad)).pipe(createGzip({ level: 1 }));
  const spool = await house.get(Spool).receive(packed, { gzip: true });
  const startedMs = performance.now();
  const before = process.memoryUsage.rss();
  let highest = before;
  const submitted = await house
    .get(Imports)
    .candles({ principal, spool, query: { instrument, timeframe: '1m', ...query } });
  for (;;) {
    highest = Math.max(highest, process.memoryUsage.rss());
    const job = await house.get(DataJobs).get({ principal, id: submitted.id });
    if (!['queued', 'running'].includes(job.state)) {
      const seconds = (performance.now() - startedMs) / 1000;
      return {
        ...job,
        grownMiB: Math.round((highest - before) / 2 ** 20),
        perSecond: Math.round(rowCount / seconds),
      };
    }
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
const stored = async (): Promise<unknown> => {
  const { rows } = await house.database.query<{ n: number }>(
    `SELECT count(*) AS n FROM data.candles WHERE timeframe = '1m'`,
  );
  return rows[0].n;
};

describe('a gzip file of more than a million candles', () => {
  it('with one bad line near its end leaves nothing, and the line is named', async () => {
    const job = await imported(badLine);
    figures.refused = { grownMiB: job.grownMiB, perSecond: job.perSecond };
    expect(job).toMatchObject({ state: 'failed', problem: { code: 'DATA_IMPORT_INVALID' } });
    expect(job.result.errors).toEqual([{ line: badLine, detail: expect.stringContaining('open is "x"') }]);
    expect(await stored()).toBe(0);
    expect(job.grownMiB).toBeLessThan(growthMaxMiB);
  });

  it('is taken in without that line when bad lines may be skipped, in memory that does not grow with it', async () => {
    const job = await imported(badLine, { onError: 'skip' });
    figures.skipping = { grownMiB: job.grownMiB, perSecond: job.perSecond };
    expect(job).toMatchObject({
      state: 'succeeded',
      result: { rows: rowCount, inserted: rowCount - 1, skipped: 1, errors: [{ line: badLine }] },
    });
    expect(await stored()).toBe(rowCount - 1);
    expect(job.grownMiB).toBeLessThan(growthMaxMiB);
  });

  it('changes nothing but what was missing when it comes again whole, and then nothing at all', async () => {
    const whole = await imported(null);
    expect(whole.result).toMatchObject({ inserted: 1, unchanged: rowCount - 1, replaced: 0 });
    const again = await imported(null);
    figures.again = { grownMiB: again.grownMiB, perSecond: again.perSecond };
    expect(again.result).toMatchObject({ inserted: 0, unchanged: rowCount, derived: {} });
    expect(await stored()).toBe(rowCount);
    expect(again.grownMiB).toBeLessThan(growthMaxMiB);
  });
});
