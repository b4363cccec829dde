import 'reflect-metadata';
import { SilentLog } from '../../kernel/log.js';
import { BootFault } from '../boot-fault.js';
import { ConfigFault, readConfigs } from '../config/config.js';
import { readEnvironment } from '../config/environment.adapter.js';
import { DatabaseConfig } from './database.config.js';
import { EmbeddedPostgres } from './embedded-postgres.adapter.js';
import { migrate, migrationStates, revertNewest } from './migrations.adapter.js';

/** `npm run migration:run|revert|show`: the same migrations the server runs at start, by hand. */
const commands: Readonly<Record<string, (url: string) => Promise<string>>> = {
  run: async (url) => {
    const { ran } = await migrate(url);
    return ran.length === 0
      ? 'nothing to do: every migration has run'
      : ran.map((name) => `ran ${name}`).join('\n');
  },
  revert: async (url) => {
    const name = await revertNewest(url);
    return name === null ? 'nothing to do: no migration has run' : `took back ${name}`;
  },
  show: async (url) => {
    const states = await migrationStates(url);
    return states.map(({ name, ran }) => `${ran ? '[x]' : '[ ]'} ${name}`).join('\n');
  },
};

const [word = ''] = process.argv.slice(2);
const command = commands[word];
try {
  if (command === undefined) throw new RangeError(`say ${Object.keys(commands).join(', ')}; got "${word}"`);
  const [config] = readConfigs([DatabaseConfig], readEnvironment());
  const embedded =
    config.databaseUrl === undefined
      ? await EmbeddedPostgres.start({ dataDir: config.dataDir, log: new SilentLog() })
      : null;
  try {
    console.log(await command(embedded?.url ?? config.databaseUrl!));
  } finally {
    await embedded?.stop();
  }
} catch (error) {
  // What a person can put right needs no stack.
  const known = error instanceof BootFault || error instanceof ConfigFault || error instanceof RangeError;
  console.error(known ? error.message : error);
  process.exitCode = 1;
}
