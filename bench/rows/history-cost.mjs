import { openDataHouse } from '../lib/data-house.mjs';
import { fillTrades } from '../lib/fill.mjs';
import { ingest, instrument, putInstrument, tradeTicks } from '../lib/ingest-run.mjs';

const millions = Number(process.env.BENCH_TRADES_MILLIONS ?? 20);
const dayMs = 86_400_000;
/** A week of the live market, of which the last day goes on. */
const days = 8;
const fromMs = Date.parse('2024-02-05T00:00:00Z');
const liveMs = fromMs + (days - 1) * dayMs + dayMs / 2;
const trades = 200_000;
const firstId = 9_000_000_000;

/** A house with so many trades stored, most of them in the days before, some earlier the same day. */
async function houseWith(stored) {
  const house = await openDataHouse({ marketBatchMs: 20 });
  await putInstrument(house);
  await fillTrades(house.url, { instrument, count: stored, fromMs, toMs: liveMs });
  const ticks = tradeTicks(trades, liveMs, firstId);
  return {
    perSecond: async () => {
      const seconds = await ingest(house, ticks);
      // History stays as long as it was.
      const { rowCount } = await house.database.query(
        'DELETE FROM data.trades WHERE id >= $1 AND time_ms >= $2',
        [String(firstId), liveMs],
      );
      if (rowCount !== trades) throw new Error(`${rowCount} trades were stored`);
      await house.database.query('DELETE FROM data.candles');
      await house.database.query('VACUUM data.trades, data.candles');
      await house.database.query('CHECKPOINT');
      return trades / seconds;
    },
    close: () => house.close(),
  };
}

export const rows = [
  {
    row: `cost per tick as history grows: trades ingested with ${millions} M stored`,
    against: 'the same with 100 k stored; 0.87 is a cost 15 % higher',
    unit: 'trades/s',
    atLeast: 0.87,
    open: async () => {
      const small = await houseWith(100_000);
      const large = await houseWith(millions * 1_000_000);
      return {
        ours: large.perSecond,
        peer: small.perSecond,
        close: async () => {
          await large.close();
          await small.close();
        },
      };
    },
  },
];
