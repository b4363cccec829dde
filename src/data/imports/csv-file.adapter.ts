import { once } from 'node:events';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { dataProblem } from '../contract/errors.js';
import { problem } from '../../kernel/errors.js';
import type { SpooledFile } from './spool.adapter.js';

/** Longest line of a file we read: six long decimals. */
const lineBytesMax = 2_000;
const linesPerBatch = 1_000;

export interface CsvLines {
  /** Number of the first of these lines; the header is 1. */
  readonly line: number;
  /** Fields of each line; a blank line is one empty field. */
  readonly lines: string[][];
}

/**
 * The lines of a spooled CSV file, plain, gzip or zipped, as a stream of batches. Quotes are characters like any other, since
 * a file of numbers needs none; so a record is a line. `read` hears how many bytes of the file have been read.
 * Throws DATA_IMPORT_UNREADABLE, and REQUEST_TOO_LARGE past `bytesMax` unpacked bytes.
 */
export async function* csvLines(
  file: SpooledFile,
  { bytesMax, read }: { bytesMax: number; read: (bytes: number) => void },
): AsyncGenerator<CsvLines> {
  const parser = parse({
    bom: true,
    quote: null,
    relax_column_count: true,
    max_record_size: lineBytesMax,
  });
  let packed = 0;
  let unpacked = 0;
  const zipped = file.packing === 'zip' ? await file.zipped(bytesMax) : null;
  const source = zipped ? await zipped.read() : file.read();
  // Of an archive the unpacked bytes are counted, as if they were those of the file.
  const share = zipped ? file.bytes / Math.max(1, zipped.unpackedBytes) : 1;
  const countPacked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      packed += chunk.length;
      read(packed * share);
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
  const flowing =
    file.packing === 'gzip'
      ? pipeline(source, countPacked, createGunzip(), countUnpacked, parser)
      : pipeline(source, countPacked, countUnpacked, parser);
  let over: unknown = null;
  const ended = flowing.then(
    () => (over ??= 'ended'),
    (error: unknown) => (over ??= error),
  );
  try {
    for (let line = 1; ;) {
      // Read synchronously as far as there are lines: an await for each of a million would take longer than parsing.
      const lines: string[][] = [];
      for (let record = parser.read(); record !== null; record = parser.read()) {
        lines.push(record);
        if (lines.length === linesPerBatch) break;
      }
      if (lines.length > 0) {
        yield { line, lines };
        line += lines.length;
        continue;
      }
      if (over !== null) break;
      await Promise.race([once(parser, 'readable'), ended]);
    }
    if (over !== 'ended') throw over;
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
  } finally {
    zipped?.close();
  }
}
