import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Partitions } from '../../src/data/partitions/partitions.service.js';
import { Retention } from '../../src/data/partitions/retention.service.js';
import { CandleRepository } from '../../src/data/candles/candle.repository.js';
import { LiveCandles } from '../../src/data/candles/live-candles.service.js';
import { RepairsService } from '../../src/data/repairs/repairs.service.js';
import { Database } from '../../src/platform/database/database.service.js';
import { VenueHistories } from '../../src/data/venues/venue-histories.service.js';
import { VenueFault } from '../../src/data/venues/venue.js';
import type { Client } from '../support/client.js';
import { GivenHistory, steadyCandles } from '../support/file-history.js';
import { metricsOf } from '../support/metrics.js';
import { sampleCandles } from '../support/sample-candles.js';
import { startServer, type TestServer } from '../support/server.js';
import { MetricsChange, metricsUntil, valueOf } from './metrics-change.js';

const instrument = 'METRIC-USDT.BINANCE';
const barMs = 300_000;
const dayBars = 288;
const days = 3;
const candles = sampleCandles({ count: days * dayBars, seed: 'metrics' });
const startMs = candles[0].timeMs;
const rules = {
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0.00001',
  minimumNotional: '1',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

/** No feed runs here, so that every number is the act's alone. */
describe('the metrics of stored market data and of predictions', () => {
  let server: TestServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ FEEDS: 'none' });
    client = await server.signedIn();
  });
  afterAll(() => server?.stop());

  const change = (
    act: () => Promise<unknown>,
    settled?: (moved: MetricsChange) => boolean,
  ): Promise<MetricsChange> => MetricsChange.by(server.url, act, settled);

  const importRows = async (
    kind: 'candles' | 'trades',
    lines: string[],
    of = instrument,
  ): Promise<string> => {
    const header =
      kind === 'candles' ? 'timestamp_ms,open,high,low,close,volume' : 'timestamp_ms,price,quantity,side,id';
    const target = `instrument=${of}${kind === 'candles' ? '&timeframe=5m' : ''}`;
    const answer = await client.raw('POST', `/v1/imports/${kind}?${target}`, [header, ...lines].join('\n'), {
      'content-type': 'text/csv',
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    return `/v1/jobs/${answer.body.id}`;
  };
  const rows = candles.map(({ timeMs, open, high, low, close, volume }) =>
    [
      timeMs,
      open.toFixed(2),
      (high + 0.01).toFixed(2),
      (low - 0.01).toFixed(2),
      close.toFixed(2),
      volume.toFixed(5),
    ].join(),
  );

  const play = async (over: Record<string, unknown>): Promise<string> => {
    const answer = await client.post('/v1/replays', {
      instruments: [instrument],
      timeframe: '5m',
      speed: 'max',
      accounts: [],
      strategies: [],
      seed: 1,
      ...over,
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return `/v1/replays/${answer.body.id}`;
  };
  const ended = async (path: string, state: string): Promise<void> => {
    expect(await client.ended(path)).toMatchObject({ state });
  };
  const oneJob = (moved: MetricsChange): boolean => moved.of('data_jobs_total') === 1;
  const oneReplay = (moved: MetricsChange): boolean => moved.of('data_replays_total') === 1;
  const iso = (bar: number): string => new Date(startMs + bar * barMs).toISOString();

  it('count an instrument when an operator adds it', async () => {
    const moved = await change(async () => {
      expect((await client.put(`/v1/instruments/${instrument}`, rules)).status).toBe(200);
    });
    expect(moved.of('data_instruments')).toBe(1);
  });

  it('count every row of an import, the candles derived from it, and its job', async () => {
    const moved = await change(async () => ended(await importRows('candles', rows), 'succeeded'), oneJob);
    expect(moved.of('data_import_rows_total', { kind: 'candles', outcome: 'inserted' })).toBe(rows.length);
    const written = { timeframe: '5m', source: 'import' };
    expect(moved.of('data_candles_stored_total', written)).toBe(rows.length);
    for (const [timeframe, count] of Object.entries({
      '15m': rows.length / 3,
      '1h': rows.length / 12,
      '1d': days,
    })) {
      expect(moved.of('data_candles_stored_total', { timeframe, source: 'derived' }), timeframe).toBe(count);
    }
    expect(moved.of('data_jobs_total', { state: 'succeeded' })).toBe(1);
    expect(moved.of('data_job_seconds')).toBe(1);

    const again = await change(async () => ended(await importRows('candles', rows), 'succeeded'), oneJob);
    expect(again.of('data_import_rows_total', { outcome: 'unchanged' })).toBe(rows.length);
    expect(again.of('data_candles_stored_total')).toBe(0);

    const bad = [`${startMs},1,2,3,NaN,5`];
    const refused = await change(async () => ended(await importRows('candles', bad), 'failed'), oneJob);
    expect(refused.of('data_import_rows_total', { outcome: 'refused' })).toBe(1);
    expect(refused.of('data_jobs_total', { state: 'failed' })).toBe(1);
  });

  it('count the candles a venue tells of the past, and its faults', async () => {
    const other = 'PAST-USDT.BINANCE';
    await client.put(`/v1/instruments/${other}`, rules);
    const past = Date.parse('2023-01-01T00:00:00Z');
    const venue = new GivenHistory('BINANCE', { '5m': steadyCandles(past, 36, '5m') }, 24);
    server.running.app.get(VenueHistories, { strict: false }).register(venue);
    const faults = [new VenueFault('rate_limited', 'too many requests', 1)];
    venue.before = () => {
      const fault = faults.pop();
      if (fault) throw fault;
    };
    const moved = await change(async () => {
      const range = { from: '2023-01-01T00:00:00Z', to: '2023-01-01T03:00:00Z' };
      const { status, body } = await client.post('/v1/backfills', {
        instrument: other,
        timeframe: '5m',
        ...range,
      });
      expect(status, JSON.stringify(body)).toBe(202);
      await ended(`/v1/jobs/${body.id}`, 'succeeded');
    }, oneJob);
    expect(moved.of('data_venue_candles_total', { outcome: 'inserted' })).toBe(36);
    expect(moved.of('data_candles_stored_total', { timeframe: '5m', source: 'backfill' })).toBe(36);
    expect(moved.of('data_candles_stored_total', { timeframe: '1h', source: 'derived' })).toBe(3);
    expect(moved.of('data_venue_faults_total', { kind: 'rate_limited' })).toBe(1);
    expect(moved.of('data_jobs_total', { kind: 'backfill', state: 'succeeded' })).toBe(1);
  });

  it('tell running from waiting jobs while the storage is held up', async () => {
    const moved = await change(
      async () => {
        const jobs = await server.database.transaction(async (tx) => {
          await tx.query('LOCK TABLE data.candles IN ACCESS EXCLUSIVE MODE');
          const started = [
            await importRows('candles', rows.slice(0, 1)),
            await importRows('candles', rows.slice(1, 2)),
          ];
          await metricsUntil(
            server.url,
            'one job running, one waiting',
            (of) =>
              of('data_jobs_open', { state: 'running' }) === 1 &&
              of('data_jobs_open', { state: 'queued' }) === 1,
          );
          return started;
        });
        for (const job of jobs) await ended(job, 'succeeded');
      },
      (seen) => seen.of('data_jobs_total') === 2 && seen.of('data_jobs_open') === 0,
    );
    expect(moved.of('data_jobs_total', { state: 'succeeded' })).toBe(2);
    expect(moved.of('data_jobs_open')).toBe(0);
  });

  it('count trades that are imported, and partitions as they are made and dropped with live trades', async () => {
    const lines = [1, 2, 3].map((n) => `${startMs + n},100,1,buy,t${n}`);
    const moved = await change(
      async () => ended(await importRows('trades', lines, 'BTC-USD.SIM'), 'succeeded'),
      oneJob,
    );
    expect(moved.of('data_trades_stored_total', { origin: 'import' })).toBe(3);
    expect(moved.of('data_import_rows_total', { kind: 'trades', outcome: 'inserted' })).toBe(3);
    expect(moved.of('data_partitions_made_total', { table: 'trades' })).toBe(1);
    expect(moved.of('data_partitions', { table: 'trades' })).toBe(1);
    const retention = server.running.app.get(Retention, { strict: false });
    await server.database.query(
      `UPDATE data.trades SET source = 'simulated' WHERE instrument = 'BTC-USD.SIM'`,
    );
    const later = await change(async () => {
      await retention.sweep();
      await server.running.app.get(Partitions, { strict: false }).learn();
    });
    expect(later.of('data_expired_rows_total', { table: 'trades' })).toBe(3);
    expect(later.of('data_partitions_dropped_total', { table: 'trades' })).toBe(1);
    expect(later.of('data_partitions', { table: 'trades' })).toBe(-1);
  });

  it('remember a series whose quality was asked for', async () => {
    const moved = await change(async () => {
      const answer = await client.get(`/v1/data-quality?instrument=${instrument}&timeframe=5m`);
      expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ present: rows.length, gaps: [] });
    });
    expect(moved.of('data_series_inventories')).toBe(1);
  });

  it('count gaps of live minutes and what came of their repair', async () => {
    const other = 'LIVE-USDT.BINANCE';
    await client.put(`/v1/instruments/${other}`, rules);
    const part = <T>(token: abstract new (...args: never[]) => T): T =>
      server.running.app.get(token as never, { strict: false });
    const nowMs = Math.floor(Date.now() / 60_000) * 60_000;
    const minutes = steadyCandles(nowMs - 3_600_000, 50, '1m');
    part(VenueHistories).register(new GivenHistory('BINANCE', { '1m': minutes }));
    const seen = minutes.filter((_, n) => n < 10 || n > 20);
    const owned = seen.map((one) => ({ ...one, instrument: other, timeframe: '1m' as const }));
    await part(CandleRepository).insert(part(Database), owned, 'feed');
    await part(LiveCandles).begin(other, nowMs - 600_000);
    const moved = await change(() => part(RepairsService).look(other));
    expect(moved.of('data_gaps_found_total', { reason: 'hole' })).toBe(1);
    expect(moved.of('data_repairs_total', { outcome: 'done' })).toBe(1);
    expect(moved.of('data_candles_stored_total', { timeframe: '1m', source: 'repair' })).toBe(11);
  });

  it('count the rows of an export', async () => {
    const moved = await change(async () => {
      const { status } = await client.get(`/v1/exports/candles?instrument=${instrument}&timeframe=1h`);
      expect(status).toBe(200);
    });
    expect(moved.of('data_export_rows_total', { kind: 'candles' })).toBe(rows.length / 12);
  });

  it('tell reads from memory and from storage, and quotes that are not there', async () => {
    const list = `/v1/candles?instrument=${instrument}&timeframe=15m&limit=10`;
    const first = await change(() => client.get(list));
    expect(first.of('data_candle_reads_total', { from: 'storage' })).toBe(1);
    // A first look brings more than was asked for: what charts and models want next.
    expect(first.of('data_recent_candles')).toBe(rows.length / 3);
    const second = await change(() => client.get(list));
    expect(second.of('data_candle_reads_total', { from: 'memory' })).toBe(1);
    expect(second.of('data_candle_reads_total', { from: 'storage' })).toBe(0);
    const none = await change(async () => {
      expect((await client.get(`/v1/quotes/${instrument}`)).status).toBe(404);
    });
    expect(none.of('data_quote_reads_total', { outcome: 'none' })).toBe(1);
  });

  it('count a prediction once, and the second request for it as a hit of the cache', async () => {
    expect(valueOf(await metricsOf(server.url), 'ml_models_loaded')).toBe(2);
    const ask = async (cached: boolean): Promise<void> => {
      const answer = await client.post('/v1/predictions', { instrument, timeframe: '5m' });
      expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ cached });
    };
    const first = await change(() => ask(false));
    expect(first.of('ml_predictions_total', { origin: 'request' })).toBe(1);
    expect(first.of('ml_inference_seconds')).toBe(2);
    expect(first.of('ml_prediction_cache_reads_total', { outcome: 'miss' })).toBe(1);
    expect(first.of('ml_prediction_cache_entries')).toBe(1);
    expect(first.of('ml_feature_streams')).toBe(1);
    const second = await change(() => ask(true));
    expect(second.of('ml_predictions_total')).toBe(0);
    expect(second.of('ml_inference_seconds')).toBe(0);
    expect(second.of('ml_prediction_cache_reads_total', { outcome: 'hit' })).toBe(1);
  });

  it('follow a replay from candle to prediction, decision, order and equity point', async () => {
    const bars = 200;
    const account = await newAccount(client);
    const strategies = `/v1/accounts/${account}/strategies`;
    const made = await client.post(strategies, {
      name: 'always',
      kind: 'threshold',
      instrument,
      timeframe: '5m',
      parameters: {
        enterProbability: 0.5,
        exitProbability: 0.5,
        minimumEdge: -1,
        equityFraction: 0.2,
        ignoreTrust: true,
      },
    });
    const started = await change(async () => {
      expect((await client.post(`${strategies}/${made.body.id}/start`)).status).toBe(200);
    });
    expect(started.of('trading_strategies_started')).toBe(1);

    const moved = await change(async () => {
      const replay = await play({
        from: iso(candles.length - bars),
        to: iso(candles.length),
        accounts: [account],
        strategies: [made.body.id],
      });
      await ended(replay, 'succeeded');
    }, oneReplay);
    expect(moved.of('data_replay_steps_total', { kind: 'candles' })).toBe(bars);
    expect(moved.of('data_replays_total', { state: 'succeeded' })).toBe(1);
    expect(moved.of('events_published_total', { type: 'data.candle-closed' })).toBeGreaterThanOrEqual(bars);
    expect(moved.of('ml_predictions_total', { origin: 'candle' })).toBe(bars);
    expect(moved.of('ml_candle_to_prediction_seconds')).toBe(bars);
    expect(moved.of('events_published_total', { type: 'ml.prediction-made' })).toBe(bars);
    expect(moved.of('events_handled_total', { subscriber: 'ml.inference', outcome: 'ok' })).toBe(
      moved.of('events_handle_seconds', { subscriber: 'ml.inference' }),
    );
    expect(moved.of('events_handled_total', { outcome: 'failed' })).toBe(0);
    expect(moved.of('trading_strategy_decisions_total')).toBe(bars);
    const orders = await client.all(`/v1/accounts/${account}/orders`);
    expect(orders.length).toBeGreaterThan(0);
    expect(moved.of('trading_strategy_orders_total')).toBe(orders.length);
    const points = await client.all(`/v1/accounts/${account}/portfolio/history?resolution=5m`);
    expect(points.length).toBeGreaterThanOrEqual(bars);
    expect(moved.of('trading_equity_points_total')).toBe(points.length);
    expect(moved.of('trading_equity_points_waiting')).toBe(0);
  });

  it('say why a candle got no prediction', async () => {
    const moved = await change(
      async () => ended(await play({ from: iso(0), to: iso(10) }), 'succeeded'),
      oneReplay,
    );
    expect(moved.of('ml_predictions_skipped_total', { reason: 'not_warm' })).toBe(10);
    expect(moved.of('ml_predictions_total')).toBe(0);
  });

  it('show a replay while it runs', async () => {
    const replay = await play({ from: iso(0), to: iso(100), speed: '1' });
    await metricsUntil(server.url, 'one replay', (value) => value('data_replays_running') === 1);
    const moved = await change(async () => {
      await client.delete(replay);
      await ended(replay, 'canceled');
    }, oneReplay);
    expect(moved.of('data_replays_running')).toBe(-1);
    expect(moved.of('data_replays_total', { state: 'canceled' })).toBe(1);
  });

  it('show points of an equity curve that wait for the database, and curves at hand', async () => {
    const account = await newAccount(client);
    const replay = await server.database.transaction(async (tx) => {
      await tx.query('LOCK TABLE trading.equity_points IN EXCLUSIVE MODE');
      const started = await play({ from: iso(300), to: iso(400), accounts: [account], speed: '30000' });
      await metricsUntil(
        server.url,
        'points that wait',
        (value) => value('trading_equity_points_waiting') > 0,
      );
      return started;
    });
    await ended(replay, 'succeeded');
    const after = await metricsOf(server.url);
    expect(valueOf(after, 'trading_equity_points_waiting')).toBe(0);
    expect(valueOf(after, 'trading_equity_tracks')).toBeGreaterThanOrEqual(2);
  });
});

async function newAccount(client: Client): Promise<string> {
  const answer = await client.post('/v1/accounts', {
    name: 'metrics',
    mode: 'paper',
    type: 'cash',
    baseCurrency: 'USDT',
    initialBalances: { USDT: '100000' },
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.id;
}
