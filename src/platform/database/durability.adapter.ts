import type { Database } from './database.service.js';
import { type DurableSetting, durableSettings, guardDurability, guardVersion } from './durability-guard.js';

/**
 * Reads the settings as a session of this very pool has them, since a role or a database can carry its own.
 * Throws BootFault when one is unsafe, or the server too old.
 */
export async function requireDurable(database: Database): Promise<void> {
  const columns = durableSettings.map((name) => `current_setting('${name}') AS ${name}`).join(', ');
  const { rows } = await database.query<Record<DurableSetting | 'version', string>>(
    `SELECT current_setting('server_version_num') AS version, ${columns}`,
  );
  guardVersion(Number(rows[0].version));
  guardDurability(rows[0]);
}
