import { parseArgs } from 'node:util';
import { ApiClient, progressLine } from '../../platform/http/api-client.adapter.js';

const help = `Replays stored market data to paper accounts of a running server, on a clock of its own.

  npm run replay -- --instrument BTC-USDT.BINANCE --timeframe 5m --from 2023-02-01 --to 2023-03-01 --account ID

  --instrument ID      once or several times
  --timeframe TF       replay stored candles of it; left out, stored trades
  --from, --to TIME    RFC 3339, or a date; from inclusive, to exclusive
  --account ID         paper account that trades in it; once or several times
  --strategy ID        only these strategies of the accounts; left out, every started one
  --speed N|max        a multiple of real time (max)
  --seed N             the same seed and data give the same fills (1)
  --url URL            address of the server (http://127.0.0.1:3000)
  --user NAME          who signs in (admin); the password is read from ADMIN_PASSWORD
`;

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      instrument: { type: 'string', multiple: true },
      timeframe: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      account: { type: 'string', multiple: true },
      strategy: { type: 'string', multiple: true },
      speed: { type: 'string' },
      seed: { type: 'string' },
      url: { type: 'string' },
      user: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { instrument, from, to, account } = values;
  if (values.help || !instrument || !from || !to || !account) {
    console.log(help);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const api = await ApiClient.signIn(values);
  const replay = await api.call('POST', '/v1/replays', {
    instruments: instrument,
    ...(values.timeframe ? { timeframe: values.timeframe } : {}),
    from: asTime(from),
    to: asTime(to),
    speed: values.speed ?? 'max',
    accounts: account,
    ...(values.strategy ? { strategies: values.strategy } : {}),
    seed: Number(values.seed ?? 1),
  });
  const tell = progressLine();
  await api.followed(`/v1/replays/${replay.id}`, ({ progress, now, played }) =>
    tell(progress, `${now}, ${played} played`),
  );
  for (const id of account) {
    const statistics = await api.call(
      'GET',
      `/v1/accounts/${id}/portfolio/statistics?from=${asTime(from)}&to=${asTime(to)}`,
    );
    console.log(`account ${id}\n${JSON.stringify(statistics, null, 2)}`);
  }
}

/** A date alone is its midnight, UTC. */
function asTime(text: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00.000Z` : text;
}

run().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
