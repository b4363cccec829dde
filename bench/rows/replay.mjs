import { Readable } from 'node:stream';
import { createReadStream, existsSync } from 'node:fs';
import { startServer } from '../lib/server.mjs';

const file = new URL('../../../shared/market/candles/binance_spot_BTCUSDT_5m_2023.csv.gz', import.meta.url);
const instrument = 'BTC-USDT.BINANCE';
const bars = 3000;
const fromMs = Date.parse('2023-02-01T00:00:00Z');
const rules = {
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0.00001',
  minimumNotional: '5',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

export const rows = [
  {
    row: 'replayed candles through the whole path, one trading strategy',
    unit: 'candles/s',
    open: async () => {
      if (!existsSync(file))
        throw new Error(`this row replays real candles, which are not at ${file.pathname}`);
      const server = await startServer({ FEEDS: 'none' });
      await server.call('PUT', `/v1/instruments/${instrument}`, rules);
      const job = await imported(server);
      let fills = 0;
      return {
        ours: async () => {
          const { account, strategy } = await trader(server);
          const replay = await server.call('POST', '/v1/replays', {
            instruments: [instrument],
            timeframe: '5m',
            from: new Date(fromMs).toISOString(),
            to: new Date(fromMs + bars * 300_000).toISOString(),
            speed: 'max',
            accounts: [account],
            strategies: [strategy],
          });
          const startedMs = performance.now();
          await ended(server, `/v1/replays/${replay.id}`);
          const seconds = (performance.now() - startedMs) / 1000;
          const statistics = await server.call('GET', `/v1/accounts/${account}/portfolio/statistics`);
          fills = statistics.fills;
          return bars / seconds;
        },
        notes: () => ({ candles: bars, fills, importSeconds: job.seconds, importedRows: job.rows }),
        close: () => server.stop(),
      };
    },
  },
];

async function imported(server) {
  const startedMs = performance.now();
  const answer = await fetch(`${server.url}/v1/imports/candles?instrument=${instrument}&timeframe=5m`, {
    method: 'POST',
    headers: { ...server.headers, 'content-type': 'text/csv', 'content-encoding': 'gzip' },
    body: Readable.toWeb(createReadStream(file)),
    duplex: 'half',
  });
  const job = await ended(server, `/v1/jobs/${(await answer.json()).id}`);
  return { rows: job.result.rows, seconds: Number(((performance.now() - startedMs) / 1000).toFixed(2)) };
}

async function trader(server) {
  const { id: account } = await server.call('POST', '/v1/accounts', {
    name: 'bench',
    mode: 'paper',
    baseCurrency: 'USDT',
    initialBalances: { USDT: '100000' },
  });
  const { id: strategy } = await server.call('POST', `/v1/accounts/${account}/strategies`, {
    name: 'bench',
    kind: 'threshold',
    instrument,
    timeframe: '5m',
    parameters: { enterProbability: 0.5, minimumEdge: -1, ignoreTrust: true },
  });
  await server.call('POST', `/v1/accounts/${account}/strategies/${strategy}/start`);
  return { account, strategy };
}

async function ended(server, path) {
  for (;;) {
    const state = await server.call('GET', path);
    if (state.state === 'succeeded') return state;
    if (state.state !== 'running' && state.state !== 'queued') throw new Error(JSON.stringify(state));
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
