import { BootFault } from '../boot-fault.js';

/** Settings of a session without which an order that was answered could be lost in a power cut. */
export const durableSettings = ['fsync', 'synchronous_commit', 'full_page_writes'] as const;
export type DurableSetting = (typeof durableSettings)[number];

/** `local`, `remote_write`, `on` and `remote_apply` all wait for this server's own disk; `off` waits for nothing. */
const allowed: Readonly<Record<DurableSetting, readonly string[]>> = {
  fsync: ['on'],
  synchronous_commit: ['on', 'remote_apply', 'remote_write', 'local'],
  full_page_writes: ['on'],
};

/** Refuses a database that would call a commit done before it is on disk. Throws BootFault naming each such setting. */
export function guardDurability(found: Readonly<Record<DurableSetting, string>>): void {
  const unsafe = durableSettings.filter((name) => !allowed[name].includes(found[name]));
  if (unsafe.length === 0) return;
  throw new BootFault({
    what: `the database may lose what it has confirmed: ${unsafe.map((name) => `${name} is ${found[name]}`).join(', ')}`,
    allowed: unsafe.map((name) => `${name}=${allowed[name].join('|')}`).join(', '),
    do:
      `set it back (ALTER SYSTEM RESET ${unsafe[0]}; SELECT pg_reload_conf(); also look at ALTER ROLE and ALTER DATABASE: ` +
      `SELECT name, setting, source FROM pg_settings WHERE name IN (${unsafe.map((name) => `'${name}'`).join(', ')})), then start again`,
  });
}

/** Oldest PostgreSQL whose SQL we speak, as `server_version_num` writes it. */
const versionMin = 150_000;

/** Refuses a server that is too old. `version` is its `server_version_num`, e.g. 180004 for 18.4. */
export function guardVersion(version: number): void {
  if (version >= versionMin) return;
  throw new BootFault({
    what: `the database is PostgreSQL ${Math.floor(version / 10_000)}`,
    allowed: `PostgreSQL ${versionMin / 10_000} or later`,
    do: 'upgrade it, name another one in DATABASE_URL, or unset DATABASE_URL to let the server run its own',
  });
}
