import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

export const memoryFolder = '/dev/shm';
const memoryBytesMin = 3_000_000_000;

/** Memory where there is plenty of it: a database is copied there in 15 ms instead of 400. Otherwise the usual place. */
export function roomyFolder(): string {
  try {
    accessSync(memoryFolder, constants.W_OK);
    const { bavail, bsize } = statfsSync(memoryFolder);
    return bavail * bsize > memoryBytesMin ? memoryFolder : tmpdir();
  } catch {
    return tmpdir();
  }
}
