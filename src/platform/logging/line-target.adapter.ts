import { write, writeSync } from 'node:fs';

export interface LineTargetOptions {
  /** File descriptor; a pipe must not block, which Node sees to for its own standard streams. */
  readonly fd: number;
  /** Characters that are written together, at the latest after `batchMs`; 0 writes at once. */
  readonly batchLength: number;
  readonly batchMs: number;
  /** Characters that may wait for a slow reader; past it lines are dropped and counted. */
  readonly lengthMax: number;
  /** Longest time `flush` waits for a reader that does not read. */
  readonly flushMsMax: number;
}

/** How often a full pipe is tried again. */
const retryMs = 50;

/**
 * Writes lines without ever waiting for their reader: one that is slow loses lines, one that is gone loses all, and
 * neither holds up the server or its end.
 */
export class LineTarget {
  private waiting: string[] = [];
  private length = 0;
  private timer: NodeJS.Timeout | null = null;
  private writing = false;
  private gone = false;
  /** Begun, and waiting for room in the pipe. */
  private stalled: Buffer | null = null;
  dropped = 0;

  constructor(private readonly options: LineTargetOptions) {}

  write(line: string): void {
    if (this.gone || this.length > this.options.lengthMax) {
      this.dropped += 1;
      return;
    }
    this.waiting.push(line);
    this.length += line.length;
    if (this.length >= this.options.batchLength) this.begin();
    else this.timer ??= setTimeout(() => this.begin(), this.options.batchMs).unref();
  }

  /** Writes what waits, blocking, for at most `flushMsMax`; for the last lines before an exit. */
  flush(): void {
    const untilMs = performance.now() + this.options.flushMsMax;
    let rest = Buffer.concat([this.stalled ?? Buffer.alloc(0), this.take()]);
    this.stalled = null;
    while (rest.length > 0 && !this.gone) {
      try {
        rest = rest.subarray(writeSync(this.options.fd, rest));
      } catch (error) {
        if (!isFull(error)) this.gone = true;
        else if (performance.now() > untilMs) return;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
      }
    }
  }

  private begin(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.writing || this.waiting.length === 0) return;
    this.writing = true;
    this.send(this.take());
  }

  private send(bytes: Buffer): void {
    write(this.options.fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error !== null && isFull(error)) {
        this.stalled = bytes;
        setTimeout(() => this.goOn(), retryMs).unref();
        return;
      }
      if (error !== null) this.gone = true;
      else if (written < bytes.length) {
        this.send(bytes.subarray(written));
        return;
      }
      this.ended();
    });
  }

  private goOn(): void {
    const bytes = this.stalled;
    this.stalled = null;
    if (bytes === null) this.ended();
    else this.send(bytes);
  }

  private ended(): void {
    this.writing = false;
    if (this.gone) this.dropped += this.waiting.splice(0).length;
    else if (this.length >= Math.max(1, this.options.batchLength)) this.begin();
  }

  private take(): Buffer {
    const bytes = Buffer.from(this.waiting.join(''));
    this.waiting = [];
    this.length = 0;
    return bytes;
  }
}

/** The reader has not made room yet. */
function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EBUSY';
}
