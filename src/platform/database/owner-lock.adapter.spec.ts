import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OwnerLock } from './owner-lock.adapter.js';
import { startMarkOf } from './process-table.adapter.js';

let folder: string;
let file: string;
const held: OwnerLock[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-lock-'));
  file = join(folder, 'owner');
});
afterEach(() => {
  for (const lock of held.splice(0)) lock.release();
  rmSync(folder, { recursive: true });
});

async function take(): Promise<OwnerLock> {
  const lock = await OwnerLock.take(file);
  held.push(lock);
  return lock;
}

function leaveBehind(owner: object, silentMs = 0): void {
  const left = { pid: process.pid, host: hostname(), startMark: startMarkOf(process.pid), ...owner };
  writeFileSync(file, `somebody\n${JSON.stringify(left)}\n`);
  beat(silentMs);
}

function beat(agoMs = 0): void {
  const atS = (Date.now() - agoMs) / 1000;
  utimesSync(file, atS, atS);
}

const deadPid = (): number => spawnSync('true').pid;

describe('the lock of a folder', () => {
  it('is held by one, and free again when released', async () => {
    const lock = await take();
    expect(lock.isHeld()).toBe(true);
    await expect(take()).rejects.toThrow(`another server (process ${process.pid} on ${hostname()})`);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    expect((await take()).isHeld()).toBe(true);
  });

  it('of a dead process is taken over', async () => {
    leaveBehind({ pid: deadPid(), startMark: null });
    expect((await take()).isHeld()).toBe(true);
    expect(readdirSync(folder)).toEqual(['owner']);
  });

  it('of a dead process whose number somebody else has by now is taken over', async () => {
    leaveBehind({ startMark: 'another boot:1' });
    expect((await take()).isHeld()).toBe(true);
  });

  it('that was cut off by a full disk is taken over', async () => {
    writeFileSync(file, 'somebody\n{"pid": 1');
    expect((await take()).isHeld()).toBe(true);
  });

  it('of another host is left alone while its heart beats', async () => {
    leaveBehind({ host: 'elsewhere', pid: deadPid() });
    const refused = take();
    const heart = setTimeout(() => beat(1), 300);
    await expect(refused).rejects.toThrow(/another server \(process \d+ on elsewhere\)/);
    clearTimeout(heart);
    expect(readFileSync(file, 'utf8')).toContain('elsewhere');
  });

  it('of another host is taken over once its heart has been silent for twenty seconds', async () => {
    leaveBehind({ host: 'elsewhere' }, 19_500);
    expect((await take()).isHeld()).toBe(true);
  });

  it('that somebody else has taken since is not released for them', async () => {
    const lock = await take();
    leaveBehind({ pid: 1 });
    expect(lock.isHeld()).toBe(false);
    lock.release();
    expect(existsSync(file)).toBe(true);
  });
});
