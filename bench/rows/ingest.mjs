import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataHouse } from '../lib/data-house.mjs';
import { ingest, putInstrument, tradeTicks } from '../lib/ingest-run.mjs';
import { startPeer } from '../lib/server.mjs';
import { copyPeer } from '../peers/copy-rows.mjs';

const trades = 400_000;
const fromMs = Date.parse('2024-02-05T00:00:00Z');

export const rows = [
  {
    row: 'trades stored and folded into candles',
    against: `${copyPeer} of the same rows into an empty clone of the table`,
    unit: 'trades/s',
    atLeast: 0.5,
    open: async () => {
      // The rhythm in which the market is passed on is a setting; with the shortest queues are never what is waited for.
      const house = await openDataHouse({ marketBatchMs: 20 });
      await putInstrument(house);
      const folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-bench-'));
      const ticks = tradeTicks(trades, fromMs, 3_000_000_000);
      const file = join(folder, 'trades.tsv');
      writeFileSync(file, rowsOf(ticks));
      const peer = await startPeer('copy-rows', { DATABASE_URL: house.url, FILE: file });
      const seconds = { ours: [], candles: 0 };
      return {
        ours: async () => {
          await house.database.query('TRUNCATE data.trades, data.candles');
          await house.database.query('CHECKPOINT');
          const took = await ingest(house, ticks);
          const { rows: stored } = await house.database.query(
            'SELECT (SELECT count(*) FROM data.trades) AS trades, (SELECT count(*) FROM data.candles) AS candles',
          );
          if (stored[0].trades !== trades) throw new Error(`${stored[0].trades} trades were stored`);
          if (stored[0].candles < trades / 3_000) throw new Error(`${stored[0].candles} candles were stored`);
          seconds.ours.push(Number(took.toFixed(2)));
          seconds.candles = stored[0].candles;
          return trades / took;
        },
        peer: async () => {
          peer.ask('');
          const [line] = await once(peer.output, 'data');
          return trades / (Number(line) / 1000);
        },
        notes: () => seconds,
        close: async () => {
          await peer.stop();
          await house.close();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  },
];

function rowsOf(ticks) {
  const lines = ticks
    .filter(({ kind }) => kind === 'trade')
    .map(
      ({ instrument, timeMs, id, price, quantity, side }) =>
        `${instrument}\t${timeMs}\t${id}\t0\t${price}\t${quantity}\t${side}\tfeed`,
    );
  return `${lines.join('\n')}\n`;
}
