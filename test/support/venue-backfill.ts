import { aDataHouse, aPrincipal, type DataHouse } from './data-house.js';
import { realCandles } from './file-history.js';
import { VenueSimulator } from './venue/venue-simulator.js';
import { Backfills, type StartBackfill } from '../../src/data/contract/backfills.js';
import { Instruments } from '../../src/data/contract/instruments.js';
import { DataJobs, type Job } from '../../src/data/contract/jobs.js';

const principal = aPrincipal('trader');
export const spot = 'BTC-USDT.BINANCE';

/** A server whose Binance is a simulator on loopback that serves the venue's real candle files. */
export interface BackfilledVenue {
  readonly house: DataHouse;
  readonly venue: VenueSimulator;
  backfill(request: Omit<StartBackfill, 'instrument'>): Promise<Job>;
  close(): Promise<void>;
}

export async function aBackfilledVenue(
  options: { weightPerMinuteMax?: number } = {},
): Promise<BackfilledVenue> {
  const venue = await VenueSimulator.start({ venue: 'binance', ...options });
  const house = await aDataHouse({ config: { venueUrls: [`binance.rest=${venue.url}`] } });
  const rules = {
    tickSize: '0.01',
    lotSize: '0.00001',
    minimumQuantity: '0.00001',
    minimumNotional: '5',
    makerFee: '0.001',
    takerFee: '0.001',
    status: 'trading',
  };
  await house.get(Instruments).put({ principal: aPrincipal('operator'), id: spot, rules });
  return {
    house,
    venue,
    backfill: async (request) => {
      const job = await house.get(Backfills).start({ principal, backfill: { instrument: spot, ...request } });
      for (;;) {
        const now = await house.get(DataJobs).get({ principal, id: job.id });
        if (!['queued', 'running'].includes(now.state)) return now;
        await new Promise((wake) => setTimeout(wake, 20));
      }
    },
    close: async () => {
      await house.close();
      await venue.close();
    },
  };
}

/** Stored candles beside those of the venue's own file, in a range: how many are the same, and which are not. */
export async function besideOwnFile(
  { house }: BackfilledVenue,
  timeframe: '5m' | '15m' | '1h',
  range: { from: string; to: string },
): Promise<{ same: number; ofTheirs: number; differing: number[] }> {
  const [fromMs, toMs] = [Date.parse(range.from), Date.parse(range.to)];
  const theirs = realCandles(`binance_spot_BTCUSDT_${timeframe}_2023.csv.gz`).filter(
    ({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < toMs,
  );
  const { rows } = await house.database.query<Record<string, string>>(
    `SELECT open_time_ms, open, high, low, close, volume FROM data.candles
     WHERE instrument = $1 AND timeframe = $2 AND open_time_ms >= $3 AND open_time_ms < $4`,
    [spot, timeframe, fromMs, toMs],
  );
  const ours = new Map(rows.map((row) => [Number(row.open_time_ms), row]));
  const differing: number[] = [];
  for (const bar of theirs) {
    const row = ours.get(bar.openTimeMs);
    ours.delete(bar.openTimeMs);
    const equal =
      row !== undefined &&
      (['open', 'high', 'low', 'close', 'volume'] as const).every(
        (name) => Number(row[name]) === Number(bar[name]),
      );
    if (!equal) differing.push(bar.openTimeMs);
  }
  // A candle that the venue does not have is as wrong as one that differs.
  differing.push(...ours.keys());
  return { same: theirs.length - differing.length, ofTheirs: theirs.length, differing };
}
