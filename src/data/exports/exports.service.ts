import { Injectable } from '@nestjs/common';
import { Metrics } from '../../kernel/metrics.js';
import type { Timeframe } from '../../kernel/time.js';
import { CandleRepository } from '../candles/candle.repository.js';
import {
  type CandleExportQuery,
  type ExportPiece,
  exportPieceRows,
  Exports,
  type TradeExportQuery,
} from '../contract/exports.js';
import { type Cursor, readCursor, writeCursor } from '../cursor.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { TradeRepository } from '../market/trade.repository.js';
import { endOfTimeMs } from '../partitions/partition-plan.js';
import { readTimeRange } from '../time-range.js';

/** Exports by the piece: each is one bounded query, so that an export costs the same memory however long it is. */
@Injectable()
export class ExportsService extends Exports {
  private readonly metrics: DataMetrics;

  constructor(
    private readonly candleRows: CandleRepository,
    private readonly tradeRows: TradeRepository,
    private readonly instruments: InstrumentsService,
    metrics: Metrics,
  ) {
    super();
    this.metrics = dataMetrics(metrics);
  }

  async candles(query: CandleExportQuery & { cursor?: string }): Promise<ExportPiece> {
    const { instrument } = query;
    const timeframe = query.timeframe as Timeframe;
    const list = `${instrument}|${timeframe}|export`;
    const { from, toMs } = this.range(query, list);
    const span = { instrument, timeframe, fromMs: from.timeMs, toMs };
    const rows = await this.candleRows.range({ ...span, limit: exportPieceRows + 1 });
    const next = rows.length > exportPieceRows ? rows.pop()! : null;
    const csv = rows
      .map(({ openTimeMs, open, high, low, close, volume }) =>
        [openTimeMs, open, high, low, close, volume].join(','),
      )
      .join('\n');
    return this.piece('candles', csv, rows.length, next && writeCursor(list, onward(next.openTimeMs, 0, '')));
  }

  async trades(query: TradeExportQuery & { cursor?: string }): Promise<ExportPiece> {
    const { instrument } = query;
    const list = `${instrument}|trades|export`;
    const { from, toMs } = this.range(query, list);
    const rows = await this.tradeRows.forward({ instrument, from, toMs, limit: exportPieceRows + 1 });
    const next = rows.length > exportPieceRows ? rows.pop()! : null;
    const csv = rows
      .map(({ timeMs, price, quantity, side, id }) => [timeMs, price, quantity, side, id].join(','))
      .join('\n');
    const cursor = next && writeCursor(list, onward(next.timeMs, next.place, next.id));
    return this.piece('trades', csv, rows.length, cursor);
  }

  private range(query: TradeExportQuery & { cursor?: string }, list: string): { from: Cursor; toMs: number } {
    this.instruments.require(query.instrument);
    const { fromMs, toMs } = readTimeRange(query);
    const from = query.cursor === undefined ? onward(fromMs ?? 0, 0, '') : readCursor(list, query.cursor);
    return { from, toMs: toMs ?? endOfTimeMs };
  }

  private piece(
    kind: 'candles' | 'trades',
    lines: string,
    rows: number,
    nextCursor: string | null,
  ): ExportPiece {
    if (rows > 0) this.metrics.exportRows.inc({ kind }, rows);
    return { csv: rows > 0 ? `${lines}\n` : '', rows, nextCursor };
  }
}

function onward(timeMs: number, place: number, id: string): Cursor {
  return { direction: 'newer', timeMs, place, id };
}
