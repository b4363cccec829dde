import { instrumentId, oneOf, time, timeframe } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';
import type { Job } from './jobs.js';

export class StartBackfill {
  @instrumentId({ example: 'BTC-USDT.BINANCE' })
  instrument: string;

  @timeframe({ about: 'Larger ones are made of it.' })
  timeframe: string;

  @time({ about: 'First open time (inclusive).', example: '2023-01-01T00:00:00.000Z' })
  from: string;

  @time({ about: 'End (exclusive); the future is left out.', example: '2023-02-01T00:00:00.000Z' })
  to: string;

  @oneOf(['keep', 'replace'], {
    optional: true,
    about:
      'What a stored candle that the venue tells differently does; each is reported. Default keep: it stays as it is.',
  })
  onConflict?: 'keep' | 'replace';
}

/**
 * The past of an instrument, fetched from its venue page by page within the venue's rates. What is stored stays stored:
 * a backfill that is canceled, fails or meets a crash keeps what it has, and after a crash goes on where it stood.
 */
export abstract class Backfills {
  static readonly port: PortDescription<Backfills> = {
    name: 'data.backfills',
    methods: { start: 'act' },
  };

  /**
   * The job. Throws DATA_UNKNOWN_INSTRUMENT, DATA_RANGE_INVALID, DATA_BACKFILL_REFUSED (nobody can be asked, or not for
   * this timeframe), DATA_TOO_MANY_JOBS. The job may fail with DATA_VENUE_UNAVAILABLE, DATA_VENUE_UNREADABLE.
   */
  abstract start(command: { principal: Principal; backfill: StartBackfill }): Promise<Job>;
}
