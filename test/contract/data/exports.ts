import { expect, it } from 'vitest';
import {
  type CandleExportQuery,
  ExportPiece,
  exportPieceRows,
  Exports,
} from '../../../src/data/contract/exports.js';
import { describePort } from '../support/both-ways.js';
import type { House } from '../support/house.js';
import { anInstrument, atBar, pastMs, storeCandles, storeTrades } from '../support/market-past.js';
import { expectProblem, expectShape, foreignCursors } from '../support/promises.js';

export function exportsSuite(house: () => House): void {
  describePort(
    'data.exports',
    Exports,
    async () => {
      const instrument = await anInstrument(house());
      await storeCandles(house(), instrument, exportPieceRows + 10);
      await storeTrades(house(), instrument, 12);
      return { port: house().get(Exports), instrument };
    },
    (subject) => {
      const candles = async (
        over: Partial<CandleExportQuery & { cursor: string }> = {},
      ): Promise<ExportPiece> => {
        const { port, instrument } = subject();
        const piece = await port.candles({ instrument, timeframe: '5m', ...over });
        expectShape(ExportPiece, piece);
        return piece;
      };

      it('gives candles as lines of CSV, piece by piece, none twice and none left out', async () => {
        const first = await candles();
        expect(first.rows).toBe(exportPieceRows);
        expect(first.csv.slice(0, first.csv.indexOf('\n'))).toBe(`${pastMs},100,103,99,101,1.5`);
        const second = await candles({ cursor: first.nextCursor! });
        expect(second).toMatchObject({ rows: 10, nextCursor: null });
        const times = (first.csv + second.csv)
          .trimEnd()
          .split('\n')
          .map((line) => Number(line.split(',')[0]));
        expect(times).toEqual(Array.from({ length: exportPieceRows + 10 }, (_, n) => pastMs + n * 300_000));
      });

      it('gives the candles of a range, and nothing where there is nothing', async () => {
        const piece = await candles({ from: atBar(3), to: atBar(5) });
        expect(piece).toEqual({
          csv: `${pastMs + 900_000},103,106,102,104,4.5\n${pastMs + 1_200_000},104,107,103,105,5.5\n`,
          rows: 2,
          nextCursor: null,
        });
        expect(await candles({ timeframe: '1d' })).toEqual({ csv: '', rows: 0, nextCursor: null });
      });

      it('gives trades in the order they were made', async () => {
        const { port, instrument } = subject();
        const piece = await port.trades({ instrument, to: new Date(pastMs + 10_000).toISOString() });
        expectShape(ExportPiece, piece);
        expect(piece.csv).toBe(
          [0, 1, 2].map((n) => `${pastMs},${100 + n},0.25,${n % 2 ? 'sell' : 'buy'},t000${n}\n`).join(''),
        );
      });

      it('refuses what it cannot read', async () => {
        const { port, instrument } = subject();
        await expectProblem(candles({ instrument: 'NOPE-USD.TEST' }), 'DATA_UNKNOWN_INSTRUMENT');
        await expectProblem(port.trades({ instrument: 'NOPE-USD.TEST' }), 'DATA_UNKNOWN_INSTRUMENT');
        await expectProblem(candles({ from: atBar(5), to: atBar(3) }), 'DATA_RANGE_INVALID');
        const { nextCursor } = await candles();
        for (const cursor of [...foreignCursors, nextCursor!]) {
          await expectProblem(port.trades({ instrument, cursor }), 'DATA_CURSOR_INVALID');
        }
      });
    },
  );
}
