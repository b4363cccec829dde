import { Readable, Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, open as openZip, type ZipFile } from 'yauzl';
import { problem } from '../../kernel/errors.js';
import { dataProblem } from '../contract/errors.js';

/** Entries looked at for the one file an archive of an exchange holds; folders are passed over. */
const entriesMax = 20;
const stored = 0;
const deflated = 8;

export interface ZippedFile {
  readonly name: string;
  readonly packedBytes: number;
  /** As the archive says; more is never read. */
  readonly unpackedBytes: number;
  /** The file unpacked, as a stream that fails when size or checksum are not what the archive says. */
  read(): Promise<Readable>;
  close(): void;
}

/**
 * The one file of a zip archive, as exchanges publish them. Throws DATA_IMPORT_UNREADABLE for what is no zip, holds no
 * or several files, is encrypted or packed in an unusual way, and REQUEST_TOO_LARGE past `bytesMax` unpacked bytes.
 * The size an archive claims is a bound and not a promise: a file that unpacks to more fails there.
 */
export async function openZippedFile(path: string, { bytesMax }: { bytesMax: number }): Promise<ZippedFile> {
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    openZip(path, { lazyEntries: true, autoClose: false }, (error, file) =>
      error ? reject(unreadable(`is not a whole zip archive (${error.message})`)) : resolve(file),
    );
  });
  try {
    const entry = await onlyFile(zip);
    if (entry.isEncrypted()) throw unreadable(`holds ${shown(entry)} encrypted; send it without a password`);
    if (entry.compressionMethod !== stored && entry.compressionMethod !== deflated) {
      throw unreadable(
        `packs ${shown(entry)} with method ${entry.compressionMethod}; only deflate and store are read`,
      );
    }
    if (entry.uncompressedSize > bytesMax) {
      throw problem('REQUEST_TOO_LARGE', {
        detail: `${shown(entry)} unpacks to ${entry.uncompressedSize} bytes, ${bytesMax} are allowed; split it into several imports, or raise IMPORT_UNPACKED_BYTES_MAX`,
      });
    }
    return {
      name: entry.fileName,
      packedBytes: entry.compressedSize,
      unpackedBytes: entry.uncompressedSize,
      read: () => contentOf(zip, entry),
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function onlyFile(zip: ZipFile): Promise<Entry> {
  return new Promise((resolve, reject) => {
    let found: Entry | null = null;
    let seen = 0;
    zip.on('error', (error: Error) => reject(unreadable(`is broken (${error.message})`)));
    zip.on('end', () =>
      found ? resolve(found) : reject(unreadable('holds no file; it must hold one CSV file')),
    );
    zip.on('entry', (entry: Entry) => {
      seen += 1;
      if (!entry.fileName.endsWith('/')) {
        if (found) {
          return reject(
            unreadable(
              `holds ${zip.entryCount} entries, ${shown(found)} and ${shown(entry)} among them; send one file`,
            ),
          );
        }
        found = entry;
      }
      if (seen >= entriesMax && seen < zip.entryCount) {
        return reject(unreadable(`holds ${zip.entryCount} entries; it must hold one CSV file`));
      }
      zip.readEntry();
    });
    zip.readEntry();
  });
}

function contentOf(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, content) => {
      if (error) return reject(unreadable(`is broken (${error.message})`));
      let checksum = 0;
      const checked = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          checksum = crc32(chunk, checksum);
          done(null, chunk);
        },
        flush(done) {
          done(
            checksum === entry.crc32
              ? null
              : unreadable(`${shown(entry)} in it has another checksum than it says`),
          );
        },
      });
      content.on('error', (failure: Error) =>
        checked.destroy(unreadable(`holds ${shown(entry)} broken (${failure.message})`)),
      );
      checked.on('close', () => content.destroy());
      resolve(content.pipe(checked));
    });
  });
}

function shown({ fileName }: Entry): string {
  return JSON.stringify(fileName.slice(0, 80));
}

function unreadable(what: string): Error {
  return dataProblem('DATA_IMPORT_UNREADABLE', { detail: `the archive ${what}` });
}
