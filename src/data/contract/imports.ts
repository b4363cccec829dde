import { instrumentId, oneOf, timeframe } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';
import type { Job } from './jobs.js';

export class CandleImportQuery {
  @instrumentId()
  instrument: string;

  @timeframe({ example: '5m' })
  timeframe: string;

  @oneOf(['fail', 'skip'], {
    optional: true,
    about: 'What a bad line does. Default fail: nothing is imported.',
  })
  onError?: 'fail' | 'skip';

  @oneOf(['fail', 'replace', 'keep'], {
    optional: true,
    about: 'What a row that differs from a stored one does. Default fail.',
  })
  onConflict?: 'fail' | 'replace' | 'keep';
}

export class TradeImportQuery {
  @instrumentId()
  instrument: string;

  @oneOf(['fail', 'skip'], { optional: true })
  onError?: 'fail' | 'skip';
}

/**
 * CSV into storage. The body is received whole into a spool file (bounded, gzip allowed) before the job is made,
 * so that an acknowledged import survives a crash; then it is read as a stream.
 */
export abstract class Imports {
  static readonly port: PortDescription<Imports> = {
    name: 'data.imports',
    methods: { candles: 'act', trades: 'act' },
  };

  /**
   * `spool` is what `Spool.receive` answered (same process or shared DATA_DIR).
   * Throws DATA_UNKNOWN_INSTRUMENT, DATA_IMPORT_UNREADABLE (no such spool), DATA_TOO_MANY_JOBS.
   */
  abstract candles(command: { principal: Principal; spool: string; query: CandleImportQuery }): Promise<Job>;
  abstract trades(command: { principal: Principal; spool: string; query: TradeImportQuery }): Promise<Job>;
}
