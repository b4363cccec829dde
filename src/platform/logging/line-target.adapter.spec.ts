import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LineTarget, type LineTargetOptions } from './line-target.adapter.js';

const usual = { batchLength: 1_000, batchMs: 20, lengthMax: 1_000_000, flushMsMax: 200 };
const line = (n: number): string => `${String(n).padStart(7, '0')} ${'x'.repeat(91)}\n`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lines-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A pipe that does not block, as Node makes its own standard streams. */
function aPipe(name: string): { reader: number; writer: number } {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  return { reader, writer };
}

function aTarget(fd: number, more: Partial<LineTargetOptions> = {}): LineTarget {
  return new LineTarget({ fd, ...usual, ...more });
}

const wait = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Everything there is to read until nothing has come for a while. */
async function readAll(fd: number): Promise<string> {
  const bytes = Buffer.alloc(1 << 20);
  let text = '';
  for (let idle = 0; idle < 10;) {
    let n = 0;
    try {
      n = readSync(fd, bytes);
    } catch {
      // Nothing there at the moment.
    }
    if (n === 0) {
      idle += 1;
      await wait(20);
    } else {
      idle = 0;
      text += bytes.toString('utf8', 0, n);
    }
  }
  return text;
}

describe('the way of log lines to their reader', () => {
  it('writes every line once and in order, together while many come and soon when few do', async () => {
    const path = join(folder, 'file');
    const fd = openSync(path, 'w');
    const target = aTarget(fd);
    for (let n = 0; n < 5_000; n += 1) target.write(line(n));
    await wait(200);
    target.write(line(5_000));
    await wait(200);
    closeSync(fd);
    expect(readFileSync(path, 'utf8')).toBe(Array.from({ length: 5_001 }, (_, n) => line(n)).join(''));
    expect(target.dropped).toBe(0);
  });

  it('goes on where it stood when a reader that slept reads again', async () => {
    const { reader, writer } = aPipe('slept');
    const target = aTarget(writer);
    for (let n = 0; n < 3_000; n += 1) target.write(line(n));
    await wait(150);
    const text = await readAll(reader);
    expect(text).toBe(Array.from({ length: 3_000 }, (_, n) => line(n)).join(''));
    expect(target.dropped).toBe(0);
  });

  it('drops and counts what a reader that sleeps too long has no room for, and never waits for it', async () => {
    const { reader, writer } = aPipe('sleeps');
    const target = aTarget(writer, { lengthMax: 100_000 });
    const startedMs = performance.now();
    for (let n = 0; n < 20_000; n += 1) {
      target.write(line(n));
      if (n % 1_000 === 0) await wait(1);
    }
    target.flush();
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeLessThan(2_000);
    const lines = (await readAll(reader)).split('\n').filter((text) => text.length === 99);
    expect(lines.length + target.dropped).toBeLessThanOrEqual(20_000);
    expect(target.dropped).toBeGreaterThan(15_000);
    // What came through is in order.
    expect(lines).toEqual(lines.toSorted());
  });

  it('drops everything once the reader is gone, and its end comes all the same', async () => {
    const { reader, writer } = aPipe('gone');
    const target = aTarget(writer);
    closeSync(reader);
    target.write(line(1));
    target.flush();
    for (let n = 0; n < 100; n += 1) target.write(line(n));
    target.flush();
    expect(target.dropped).toBe(100);
  });
});
