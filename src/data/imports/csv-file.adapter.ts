import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, type Info, parse } from 'csv-parse';
import { dataProblem } from '../contract/errors.js';
import { problem } from '../../kernel/errors.js';
import type { SpooledFile } from './spool.adapter.js';

/** Longest line of a file we read: six long decimals. */
const lineBytesMax = 2_000;

export interface CsvLine {
  /** From 1, the header. */
  readonly line: number;
  readonly fields: string[];
}

/**
 * The lines of a spooled CSV file, plain or gzip, read as a stream. Blank lines are passed over; quotes are characters
 * like any other, since a file of numbers needs none. `read` hears how many bytes of the file have been read.
 * Throws DATA_IMPORT_UNREADABLE, and REQUEST_TOO_LARGE past `bytesMax` unpacked bytes.
 */
export async function* csvLines(
  file: SpooledFile,
  { bytesMax, read }: { bytesMax: number; read: (bytes: number) => void },
): AsyncGenerator<CsvLine> {
  const parser = parse({
    bom: true,
    quote: null,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: lineBytesMax,
    trim: true,
  });
  let packed = 0;
  let unpacked = 0;
  const countPacked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      packed += chunk.length;
      read(packed);
      done(null, chunk);
    },
  });
  const countUnpacked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unpacked += chunk.length;
      if (unpacked <= bytesMax) return done(null, chunk);
      done(problem('REQUEST_TOO_LARGE', { detail: `the file unpacks to more than ${bytesMax} bytes` }));
    },
  });
  const flowing = file.gzip
    ? pipeline(file.read(), countPacked, createGunzip(), countUnpacked, parser)
    : pipeline(file.read(), countPacked, countUnpacked, parser);
  // Whoever reads the parser hears of it there.
  flowing.catch(() => undefined);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      yield { line: info.lines, fields: record };
    }
    await flowing;
  } catch (error) {
    if (error instanceof CsvError) {
      throw dataProblem('DATA_IMPORT_UNREADABLE', {
        detail: `the file is not CSV (${error.code}${'lines' in error ? `, line ${String(error.lines)}` : ''}): lines hold at most ${lineBytesMax} bytes`,
      });
    }
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code.startsWith('Z_')) {
      throw dataProblem('DATA_IMPORT_UNREADABLE', { detail: `the file is not whole gzip (${message})` });
    }
    throw error;
  }
}
