import { createReadStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { ApiClient, progressLine } from '../../platform/http/api-client.adapter.js';

const help = `Imports candles or trades from a CSV file or an exchange's archive into a running server.

  npm run import -- --file btc-5m.csv.gz --instrument BTC-USDT.BINANCE --timeframe 5m

  --file FILE          CSV, plain, .gz or .zip; header timestamp_ms,open,high,low,close,volume
                       (trades: timestamp_ms,price,quantity,side[,id]); or a kline, trade or
                       aggregate trade archive as Binance publishes it
  --instrument ID      BASE-QUOTE.VENUE; must be known (PUT /v1/instruments/ID)
  --timeframe TF       1m … 1d; left out, the file holds trades
  --on-error skip      skip bad lines instead of importing nothing
  --on-conflict WHAT   replace or keep rows that differ from stored ones, instead of failing
  --url URL            address of the server (http://127.0.0.1:3000)
  --user NAME          who signs in (admin); the password is read from ADMIN_PASSWORD
`;

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      instrument: { type: 'string' },
      timeframe: { type: 'string' },
      'on-error': { type: 'string' },
      'on-conflict': { type: 'string' },
      url: { type: 'string' },
      user: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help || !values.file || !values.instrument) {
    console.log(help);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const api = await ApiClient.signIn(values);
  const query = new URLSearchParams({
    instrument: values.instrument,
    ...(values.timeframe ? { timeframe: values.timeframe } : {}),
    ...(values['on-error'] ? { onError: values['on-error'] } : {}),
    ...(values['on-conflict'] ? { onConflict: values['on-conflict'] } : {}),
  });
  const kind = values.timeframe ? 'candles' : 'trades';
  const job = await api.upload(`/v1/imports/${kind}?${query}`, createReadStream(values.file), {
    'content-type': values.file.endsWith('.zip') ? 'application/zip' : 'text/csv',
    ...(values.file.endsWith('.gz') ? { 'content-encoding': 'gzip' } : {}),
  });
  const tell = progressLine();
  const done = await api.followed(`/v1/jobs/${job.id}`, ({ progress, detail }) => tell(progress, detail));
  console.log(JSON.stringify(done.result, null, 2));
}

run().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
