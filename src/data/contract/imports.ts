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
 * Takes a request's body in before its job is made. Not a port: bytes do not travel as JSON. Whoever faces the client
 * and whoever imports share DATA_DIR.
 */
export abstract class Spool {
  /**
   * Writes `body` to a file of its own, synced when this resolves; answers its id. `gzip`: the client said that it is
   * compressed; a body that begins like gzip is taken as such either way. Throws DATA_IMPORT_UNREADABLE (empty, broken
   * gzip), REQUEST_TOO_LARGE.
   */
  abstract receive(body: AsyncIterable<Uint8Array>, options: { gzip: boolean }): Promise<string>;
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

  /** `spool` is what `Spool.receive` answered (same process or shared DATA_DIR). Throws DATA_UNKNOWN_INSTRUMENT, DATA_TOO_MANY_JOBS. */
  abstract candles(command: { principal: Principal; spool: string; query: CandleImportQuery }): Promise<Job>;
  abstract trades(command: { principal: Principal; spool: string; query: TradeImportQuery }): Promise<Job>;
}
