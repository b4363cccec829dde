import { closeSync, fdatasync, openSync, readFileSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

const flush = promisify(fdatasync);

/**
 * Lines of JSON that are on disk when `append` resolves. Lines that arrive while the disk is at work share the next
 * flush.
 */
export class JournalFile {
  private readonly fd: number;
  private waiting: { line: string; stored: () => void }[] = [];
  private running: Promise<void> | null = null;

  constructor(file: string) {
    this.fd = openSync(file, 'a');
  }

  append(entry: object): Promise<void> {
    const stored = new Promise<void>((resolve) =>
      this.waiting.push({ line: `${JSON.stringify(entry)}\n`, stored: resolve }),
    );
    this.running ??= this.run();
    return stored;
  }

  async close(): Promise<void> {
    await this.running;
    closeSync(this.fd);
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      writeSync(this.fd, batch.map(({ line }) => line).join(''));
      await flush(this.fd);
      for (const { stored } of batch) stored();
    }
    this.running = null;
  }
}

/** Every whole line; one cut off by a kill was never promised to anybody. */
export function readJournal<T>(file: string): T[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
}
