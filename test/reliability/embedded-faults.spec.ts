import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SilentLog } from '../../src/kernel/log.js';
import { BootFault } from '../../src/platform/boot-fault.js';
import { locateBinaries } from '../../src/platform/database/embedded-binaries.adapter.js';
import {
  embeddedPaths,
  ensureCluster,
  newCredentials,
} from '../../src/platform/database/embedded-cluster.adapter.js';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.adapter.js';
import { runAs } from '../../src/platform/database/embedded-user.adapter.js';
import { runningPostmaster } from '../../src/platform/database/postmaster.adapter.js';
import { roomyFolder } from '../support/roomy-folder.js';

const isRoot = process.geteuid?.() === 0;
const onLinux = process.platform === 'linux';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(roomyFolder(), 'rrralgorithms-faults-'));
  chmodSync(folder, 0o755);
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

const start = (dataDir: string): Promise<EmbeddedPostgres> =>
  EmbeddedPostgres.start({ dataDir, log: new SilentLog(), syncNew: false });

/** What a person reads instead of a started server. Fails when the server starts, or dies of anything else. */
async function faultOf(dataDir: string): Promise<string> {
  const fault = await start(dataDir).then(
    async (database) => {
      await database.stop();
      return null;
    },
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(BootFault);
  const { message } = fault as BootFault;
  expect(message).toMatch(/\n {2}needed: .+\n {2}do: .+/);
  return message;
}

describe('a server that cannot have its database', () => {
  it('says that its folder is read-only', async () => {
    chmodSync(folder, 0o555);
    // Permissions bind nobody who is root; the kernel's own folders do.
    const dataDir = isRoot ? '/sys/kernel/rrralgorithms' : join(folder, 'var');
    expect(await faultOf(dataDir)).toContain(`DATA_DIR (${dataDir}) cannot be written to`);
  });

  it('says that something in the way is a file', async () => {
    writeFileSync(join(folder, 'var'), '');
    expect(await faultOf(join(folder, 'var'))).toContain('is not a folder');
    expect(await faultOf(join(folder, 'var', 'below'))).toContain('is not a folder');
  });

  it.runIf(isRoot && onLinux)('says that the disk is full, and leaves no half database on it', async () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=755', 'tmpfs', disk]);
    if (mounted.status !== 0) {
      console.warn(`could not run: no small disk can be mounted here: ${mounted.stderr.toString().trim()}`);
      return;
    }
    try {
      expect(await faultOf(join(disk, 'var'))).toContain(
        `the disk that holds DATA_DIR (${disk}/var) is full`,
      );
      expect(spawnSync('ls', ['-A', join(disk, 'var')]).stdout.toString()).toBe('');
    } finally {
      spawnSync('umount', [disk]);
    }
  });

  it("says that somebody else's files are in the way, and leaves them alone", async () => {
    const file = join(folder, 'var', 'postgres', 'thesis.txt');
    mkdirSync(join(folder, 'var', 'postgres'), { recursive: true });
    writeFileSync(file, 'years of work');
    expect(await faultOf(join(folder, 'var'))).toContain('holds files, but no PostgreSQL database');
    expect(readFileSync(file, 'utf8')).toBe('years of work');
  });

  it('says which version made the database that it cannot open', async () => {
    const dataDir = join(folder, 'var');
    const version = join(dataDir, 'postgres', 'PG_VERSION');
    await (await start(dataDir)).stop();
    writeFileSync(version, '15\n');
    expect(await faultOf(dataDir)).toMatch(/was made by PostgreSQL 15\n {2}needed: PostgreSQL 18/);
    writeFileSync(version, '18\n');
    // Its own words, where we know none better.
    rmSync(join(dataDir, 'postgres', 'global', 'pg_control'));
    expect(await faultOf(dataDir)).toMatch(/PostgreSQL could not start:[^]*pg_control/);
    expect(existsSync(join(dataDir, 'postgres.owner'))).toBe(false);
  });
});

describe('a server started by root', () => {
  const closed = (): string => {
    const parent = join(folder, 'closed');
    mkdirSync(parent, { mode: 0o700 });
    return parent;
  };

  it.runIf(isRoot && onLinux)(
    'runs its database as an ordinary user without the rights of root',
    async () => {
      const dataDir = join(folder, 'var');
      const database = await start(dataDir);
      const { pid } = runningPostmaster(join(dataDir, 'postgres'))!;
      const { uid } = statSync(join(dataDir, 'postgres'));
      expect(uid).not.toBe(0);
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      expect(status).toMatch(new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s`, 'm'));
      // Nothing, or CAP_DAC_READ_SEARCH where the repository itself is closed to others.
      expect(status).toMatch(/^CapEff:\s+0+[04]$/m);
      await database.stop();
    },
  );

  it.runIf(isRoot && onLinux)(
    'has its database below a folder that is closed to others, with the one right to pass through',
    async () => {
      const dataDir = join(closed(), 'var');
      for (const origin of ['created', 'started']) {
        const database = await start(dataDir);
        expect(database.origin).toBe(origin);
        const { pid } = runningPostmaster(join(dataDir, 'postgres'))!;
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        expect(status).not.toMatch(/^Uid:\s+0/m);
        // Bit 2 is CAP_DAC_READ_SEARCH (capabilities(7)).
        expect(status).toMatch(/^CapEff:\s+0+4$/m);
        const client = new pg.Client({ connectionString: database.url });
        await client.connect();
        await client.query('CREATE TABLE IF NOT EXISTS fill (id int)');
        await client.query('CHECKPOINT');
        await client.end();
        await database.stop();
      }
    },
  );

  it.runIf(isRoot && onLinux)('also when the programs themselves lie in such a folder', async () => {
    const parent = closed();
    const installed = locateBinaries(join(folder, 'links'));
    const root = dirname(dirname(installed.initdb));
    expect(spawnSync('cp', ['-a', root, parent]).status).toBe(0);
    const [initdb, postgres] = ['initdb', 'postgres'].map((name) => join(parent, 'native', 'bin', name));
    const binaries = { ...installed, initdb, postgres };
    const paths = embeddedPaths(folder);
    const as = runAs({ dataDir: folder, cluster: null, binaries });
    expect(await ensureCluster({ paths, binaries, as }, newCredentials(), {}, false)).toBe(true);
    expect(statSync(join(paths.cluster, 'PG_VERSION')).uid).not.toBe(0);
  });

  it.runIf(isRoot)('says which folder is closed to whom, where there is no way through', async () => {
    const parent = closed();
    const path = process.env.PATH;
    // A system without setpriv.
    const tools = join(folder, 'tools');
    mkdirSync(tools);
    symlinkSync(spawnSync('sh', ['-c', 'command -v id']).stdout.toString().trim(), join(tools, 'id'));
    process.env.PATH = tools;
    try {
      const message = await faultOf(join(parent, 'var'));
      expect(message).toMatch(new RegExp(`as (postgres|nobody), who may not enter ${parent}\n`));
      expect(message).toContain(`run: chmod o+x ${parent}; or start the server as an ordinary user`);
    } finally {
      process.env.PATH = path;
    }
  });
});
