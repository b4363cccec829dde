import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { Problem, problem } from '../../kernel/errors.js';
import { Ids } from '../../kernel/ids.js';
import { Clock, hourMs } from '../../kernel/time.js';
import { dataProblem } from '../contract/errors.js';
import { Spool } from '../contract/spool.js';
import { DataConfig } from '../data.config.js';
import { openZippedFile, type ZippedFile } from './zip-file.adapter.js';

/** How a body is packed. */
export type Packing = 'none' | 'gzip' | 'zip';

export interface SpooledFile {
  readonly bytes: number;
  readonly packing: Packing;
  /** The file as it was sent. */
  read(): Readable;
  /** The file within it, when it is a zip archive. */
  zipped(bytesMax: number): Promise<ZippedFile>;
}

const suffixes: Readonly<Record<Packing, string>> = { none: 'csv', gzip: 'csv.gz', zip: 'zip' };
const packings = Object.keys(suffixes) as Packing[];

const idRule = /^[0-9A-HJKMNP-TV-Z]{26}$/;
/** Files nobody asked for in this time belong to a request or a job that is gone. */
const orphanAgeMs = hourMs;

/** Bodies of imports on disk, in DATA_DIR/spool: bounded, checked as they arrive, synced before they are acknowledged. */
@Injectable()
export class SpoolAdapter extends Spool {
  private readonly folder: string;

  constructor(
    private readonly config: DataConfig,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {
    super();
    this.folder = join(config.dataDir, 'spool');
  }

  async receive(body: AsyncIterable<Uint8Array>, options: { gzip: boolean; zip?: boolean }): Promise<string> {
    const id = this.ids.next();
    const part = join(this.folder, `${id}.part`);
    let file: FileHandle | null = null;
    try {
      await mkdir(this.folder, { recursive: true });
      file = await open(part, 'wx', 0o600);
      const packing = await this.write(file, body, options);
      await file.sync();
      await file.close();
      file = null;
      if (packing === 'zip') await this.checkZip(part);
      await rename(part, this.pathOf(id, packing));
      await syncFolder(this.folder);
      return id;
    } catch (error) {
      await file?.close().catch(() => undefined);
      await rm(part, { force: true }).catch(() => undefined);
      throw asProblem(error);
    }
  }

  /** Throws DATA_IMPORT_UNREADABLE when there is no such file. */
  async open(id: string): Promise<SpooledFile> {
    if (idRule.test(id)) {
      for (const packing of packings) {
        const path = this.pathOf(id, packing);
        const found = await stat(path).catch(() => null);
        if (!found) continue;
        return {
          bytes: found.size,
          packing,
          read: () => createReadStream(path),
          zipped: (bytesMax) => openZippedFile(path, { bytesMax }),
        };
      }
    }
    throw dataProblem('DATA_IMPORT_UNREADABLE', {
      detail: 'the body of this import is not in the spool any more; send it again',
    });
  }

  async drop(id: string): Promise<void> {
    if (!idRule.test(id)) return;
    for (const packing of packings) await rm(this.pathOf(id, packing), { force: true });
  }

  /** Deletes files that no job names and that are too old to belong to a request that still runs. */
  async sweep(wanted: ReadonlySet<string>): Promise<number> {
    const names = await readdir(this.folder).catch(() => []);
    let swept = 0;
    for (const name of names) {
      if (wanted.has(name.slice(0, 26))) continue;
      const path = join(this.folder, name);
      const found = await stat(path).catch(() => null);
      if (found && this.clock.nowMs() - found.mtimeMs > orphanAgeMs) {
        await rm(path, { force: true });
        swept += 1;
      }
    }
    return swept;
  }

  private pathOf(id: string, packing: Packing): string {
    return join(this.folder, `${id}.${suffixes[packing]}`);
  }

  /** Unpacks an archive once, keeping nothing: its directory lies at its end, so that it cannot be read as it comes. */
  private async checkZip(path: string): Promise<void> {
    const zipped = await openZippedFile(path, { bytesMax: this.config.importUnpackedBytesMax });
    try {
      for await (const _chunk of await zipped.read());
    } finally {
      zipped.close();
    }
  }

  /** Writes the body as it comes and unpacks gzip on the side; answers how it is packed. */
  private async write(
    file: FileHandle,
    body: AsyncIterable<Uint8Array>,
    said: { gzip: boolean; zip?: boolean },
  ): Promise<Packing> {
    const { importBytesMax } = this.config;
    let bytes = 0;
    let head = Buffer.alloc(0);
    let check: GzipCheck | null = said.gzip ? new GzipCheck(this.config.importUnpackedBytesMax) : null;
    let judged = said.gzip;
    let zip = false;
    for await (const piece of body) {
      const chunk = Buffer.from(piece);
      bytes += chunk.length;
      if (bytes > importBytesMax)
        throw tooLarge(`the body is larger than ${importBytesMax} bytes`, 'IMPORT_BYTES_MAX');
      await file.write(chunk);
      if (judged) {
        await check?.take(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      if (head.length < 2) continue;
      judged = true;
      zip = head[0] === 0x50 && head[1] === 0x4b;
      if (head[0] === 0x1f && head[1] === 0x8b) {
        check = new GzipCheck(this.config.importUnpackedBytesMax);
        await check.take(head);
      }
    }
    if (bytes === 0)
      throw dataProblem('DATA_IMPORT_UNREADABLE', {
        detail: 'the body is empty; send a CSV file with a header row',
      });
    await check?.end();
    if (said.zip && !zip) {
      throw dataProblem('DATA_IMPORT_UNREADABLE', {
        detail: 'the body is not a zip archive; send the archive as it is, or CSV as text/csv',
      });
    }
    return zip ? 'zip' : check ? 'gzip' : 'none';
  }
}

/** Unpacks a gzip body while it arrives, keeping nothing, so that a broken one is refused before it is acknowledged. */
class GzipCheck {
  private readonly gunzip: Gunzip = createGunzip();
  private readonly ended: Promise<void>;
  private failure: Error | null = null;

  constructor(bytesMax: number) {
    let bytes = 0;
    this.ended = new Promise((resolve, reject) => {
      this.gunzip.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bytesMax)
          this.gunzip.destroy(
            tooLarge(`the body unpacks to more than ${bytesMax} bytes`, 'IMPORT_UNPACKED_BYTES_MAX'),
          );
      });
      this.gunzip.on('end', resolve);
      this.gunzip.on('error', (error) => {
        this.failure = error;
        reject(error);
      });
    });
    // Whoever awaits next is told; until then it is no unhandled rejection.
    this.ended.catch(() => undefined);
  }

  async take(chunk: Buffer): Promise<void> {
    const written = new Promise<void>((resolve) => {
      this.gunzip.write(chunk, () => resolve());
    });
    // A broken stream may never answer the write; its error always comes.
    await Promise.race([written, this.ended]);
    if (this.failure) throw this.failure;
  }

  async end(): Promise<void> {
    this.gunzip.end();
    await this.ended;
  }
}

function tooLarge(what: string, variable: string): Problem {
  return problem('REQUEST_TOO_LARGE', {
    detail: `${what}; split it into several imports, or raise ${variable}`,
  });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

/** What a person can put right is told as a problem: broken gzip, a client that went away, a full disk. */
function asProblem(error: unknown): unknown {
  if (error instanceof Problem) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code.startsWith('Z_')) {
    return dataProblem('DATA_IMPORT_UNREADABLE', {
      detail: `the body is not whole gzip (${message}); send the file as gzip wrote it, or plain CSV without Content-Encoding`,
    });
  }
  if (['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM'].includes(code)) {
    return problem('SERVER_UNAVAILABLE', {
      detail: `the body cannot be kept (${code}); the disk of DATA_DIR must have room and be writable`,
      retryAfterSeconds: 60,
    });
  }
  if (['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes(code)) {
    return dataProblem('DATA_IMPORT_UNREADABLE', { detail: 'the body was cut short; send it again' });
  }
  return error;
}
