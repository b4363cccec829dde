import { DataJobs, type Job } from '../../../src/data/contract/jobs.js';
import { Spool } from '../../../src/data/contract/spool.js';
import { minuteMs } from '../../../src/kernel/time.js';
import { roomFor } from '../../support/partitions.js';
import { admin, type House } from './house.js';
import { pastMs } from './market-past.js';

/** Candles from `pastMs` on as an exchange writes them; bar n closes at 101 + n + `raise`. */
export function candleCsv(bars: number, { barMinutes = 5, raise = 0 } = {}): string {
  const lines = Array.from(
    { length: bars },
    (_, n) => `${pastMs + n * barMinutes * minuteMs},100.00,${200 + raise}.00,99.50,${101 + n + raise},1.5`,
  );
  return `timestamp_ms,open,high,low,close,volume\n${lines.join('\n')}\n`;
}

/** The body as the gateway leaves it for the port; answers its name. */
export function spooled(house: House, body: string): Promise<string> {
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(body);
  }
  return house.get(Spool).receive(whole(), { gzip: false });
}

export async function jobEnded(house: House, id: string): Promise<Job> {
  for (const endMs = performance.now() + 15_000; ;) {
    const job = await house.get(DataJobs).get({ principal: admin, id });
    if (job.state !== 'queued' && job.state !== 'running') return job;
    if (performance.now() > endMs) throw new Error(`job ${id} is still ${job.state}: ${job.detail}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

/**
 * Runs `act` while an import of the instrument's half-hour candles cannot come to its end: another session holds the
 * row it would write first, and lets it go without a trace.
 */
export async function whileImportsWait<T>(
  house: House,
  instrument: string,
  act: () => Promise<T>,
): Promise<T> {
  await roomFor(house.database, { fromMs: pastMs, toMs: pastMs + 1 });
  let release = (): void => undefined;
  const acted = new Promise<void>((resolve) => (release = resolve));
  let transaction: Promise<unknown> = Promise.resolve();
  await new Promise<void>((held, failed) => {
    transaction = house.database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO data.candles (instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source)
         VALUES ($1, '30m', $2, 1, 1, 1, 1, 1, NULL, 'import')`,
        [instrument, pastMs],
      );
      held();
      await acted;
      throw new Error('taken back');
    });
    transaction.catch(failed);
  });
  try {
    return await act();
  } finally {
    release();
    await transaction.catch(() => undefined);
  }
}
