import { instrumentId, integer, text, time, timeframe } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';

/** Rows of one piece: enough for speed, few enough for memory. */
export const exportPieceRows = 5_000;

export class TradeExportQuery {
  @instrumentId()
  instrument: string;

  @time({ optional: true, about: 'Inclusive; default the first there is.' })
  from?: string;

  @time({ optional: true, about: 'Exclusive; default the last there is.' })
  to?: string;
}

export class CandleExportQuery extends TradeExportQuery {
  @timeframe({ example: '5m' })
  timeframe: string;
}

/** Some lines of an export, each with its end, oldest first, and where the next piece begins. */
export class ExportPiece {
  @text({ max: 4_000_000, about: 'CSV lines without their header.' })
  csv: string;

  @integer()
  rows: number;

  @text({ max: 400, nullable: true, about: 'Null after the last piece.' })
  nextCursor: string | null;
}

/** Stored candles and trades as the CSV that `Imports` reads: an export, imported and exported again, is the same bytes. */
export abstract class Exports {
  static readonly port: PortDescription<Exports> = {
    name: 'data.exports',
    methods: { candles: 'read', trades: 'read' },
  };

  /** Closed candles of a series. Throws DATA_UNKNOWN_INSTRUMENT, DATA_RANGE_INVALID, DATA_CURSOR_INVALID. */
  abstract candles(query: CandleExportQuery & { cursor?: string }): Promise<ExportPiece>;
  /** Throws DATA_UNKNOWN_INSTRUMENT, DATA_RANGE_INVALID, DATA_CURSOR_INVALID. */
  abstract trades(query: TradeExportQuery & { cursor?: string }): Promise<ExportPiece>;
}
