import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.js';
import { marketFile, needsMarket } from '../support/market.js';
import { metricsOf } from '../support/metrics.js';
import { startServer, type TestServer } from '../support/server.js';
import { valueOf } from '../stories/metrics-change.js';

const [mine, copy, many] = ['MINE-USDT.BINANCE', 'COPY-USDT.BINANCE', 'MANY-USDT.BINANCE'];
const t0 = Date.parse('2023-01-01T00:00:00Z');
const rules = {
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0.00001',
  minimumNotional: '1',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

describe('an export', () => {
  let server: TestServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ FEEDS: 'none', EXPORTS_RUNNING_MAX: '2' });
    client = await server.signedIn();
    for (const id of [mine, copy, many]) await client.put(`/v1/instruments/${id}`, rules);
  });
  afterAll(() => server?.stop());

  const imported = async (path: string, body: string): Promise<void> => {
    const answer = await client.raw('POST', `/v1/imports/${path}`, body, { 'content-type': 'text/csv' });
    expect(await client.ended(`/v1/jobs/${answer.body.id}`)).toMatchObject({ state: 'succeeded' });
  };
  const exported = async (path: string): Promise<string> => {
    const { status, body } = await client.get(`/v1/exports/${path}`);
    expect(status, body).toBe(200);
    return body;
  };

  it.runIf(needsMarket('the export of real candles'))(
    'of a real year of hours, imported and exported again, is the same bytes',
    async () => {
      const gzip = { 'content-type': 'text/csv', 'content-encoding': 'gzip' };
      const path = `/v1/imports/candles?instrument=${mine}&timeframe=1h`;
      const answer = await client.upload(
        path,
        marketFile('candles/binance_spot_BTCUSDT_1h_2023.csv.gz'),
        gzip,
      );
      expect((await client.ended(`/v1/jobs/${answer.body.id}`)).result).toMatchObject({ inserted: 8_998 });
      const first = await exported(`candles?instrument=${mine}&timeframe=1h`);
      expect(first.match(/\n/g)).toHaveLength(1 + 8_998);
      await imported(`candles?instrument=${copy}&timeframe=1h`, first);
      expect((await exported(`candles?instrument=${copy}&timeframe=1h`)) === first).toBe(true);
      const days = await exported(`candles?instrument=${mine}&timeframe=1d`);
      expect((await exported(`candles?instrument=${copy}&timeframe=1d`)) === days).toBe(true);
    },
  );

  it('of trades, with and without ids, keeps their order within a millisecond', async () => {
    const lines = ['1,0.5,buy', '1,0.5,buy', '2,0.25,sell', '1,0.5,buy'].map((rest) => `${t0},${rest}`);
    await imported(
      `trades?instrument=${mine}`,
      ['timestamp_ms,price,quantity,side', ...lines, `${t0 + 1},3,1,sell`].join('\n'),
    );
    const first = await exported(`trades?instrument=${mine}`);
    expect(first.split('\n').slice(0, 3)).toEqual([
      'timestamp_ms,price,quantity,side,id',
      `${t0},1,0.5,buy,row-0`,
      `${t0},1,0.5,buy,row-1`,
    ]);
    await imported(`trades?instrument=${copy}`, first);
    expect(await exported(`trades?instrument=${copy}`)).toBe(first);
  });

  it('comes packed to those who take gzip, named as a file', async () => {
    const path = `/v1/exports/trades?instrument=${mine}`;
    const packed = await raw(path, { 'accept-encoding': 'br, gzip' });
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="MINE-USDT.BINANCE-trades.csv"',
    });
    const plain = await raw(path, { 'accept-encoding': 'gzip;q=0' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(gunzipSync(packed.body).toString()).toBe(plain.body.toString());
  });

  it('of nothing is a header; of an unknown instrument a problem', async () => {
    expect(await exported(`candles?instrument=${many}&timeframe=1m`)).toBe(
      'timestamp_ms,open,high,low,close,volume\n',
    );
    const { status, body } = await client.get('/v1/exports/candles?instrument=NOPE-USD.SIM&timeframe=1m');
    expect([status, body.code]).toEqual([404, 'DATA_UNKNOWN_INSTRUMENT']);
  });

  it('reads on only as fast as its reader, stops with it, and leaves its place to the next', async () => {
    await server.database.query(
      `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side, source)
       SELECT $1, $2::bigint + n / 10, lpad(n::text, 70, '0'), n % 10, 100.25, 0.125, 'buy', 'import'
       FROM generate_series(0, 299999) AS n`,
      [many, t0],
    );
    const rowsRead = async (): Promise<number> =>
      valueOf(await metricsOf(server.url), 'data_export_rows_total', { kind: 'trades' });
    const before = await rowsRead();
    const path = `/v1/exports/trades?instrument=${many}`;
    const stopped = [await paused(path), await paused(path)];
    // What lies in the buffers of the sockets was read for them; then nothing more is.
    let settled = before;
    for (let now = await rowsRead(); now !== settled; now = await rowsRead()) {
      settled = now;
      await new Promise((wake) => setTimeout(wake, 400));
    }
    expect(settled - before).toBeLessThan(400_000);
    const refused = await client.get(path);
    expect([refused.status, refused.body.code]).toEqual([503, 'SERVER_OVERLOADED']);
    for (const one of stopped) one.destroy();
    await expect.poll(async () => (await client.get(`${path}&to=2023-01-01T00:00:00.001Z`)).status).toBe(200);
    expect((await exported(`trades?instrument=${many}`)).match(/\n/g)).toHaveLength(300_001);
  });

  function raw(
    path: string,
    headers: Record<string, string>,
  ): Promise<{ headers: Record<string, unknown>; body: Buffer }> {
    return new Promise((resolve, reject) => {
      open(path, headers, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
        response.on('error', reject);
      }).on('error', reject);
    });
  }
  /** A client that has the beginning of an export and reads no further. */
  function paused(path: string): Promise<ReturnType<typeof request>> {
    return new Promise((resolve, reject) => {
      const asked = open(path, {}, (response) => {
        response.once('data', () => {
          response.pause();
          resolve(asked);
        });
        response.on('error', () => undefined);
      });
      asked.on('error', reject);
    });
  }
  function open(
    path: string,
    headers: Record<string, string>,
    answered: Parameters<typeof request>[2] & {},
  ): ReturnType<typeof request> {
    const token = client.authorization;
    const asked = request(
      `${server.url}${path}`,
      { headers: { ...headers, authorization: token } },
      answered,
    );
    asked.end();
    return asked;
  }
});
