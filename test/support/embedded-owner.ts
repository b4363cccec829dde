import { SilentLog } from '../../src/kernel/log.js';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.adapter.js';

/**
 * A process that owns an embedded database until it is told to stop: started, and killed, by the reliability tests.
 * Prints one line of JSON when the database is up, and one when there is a reason that it is not.
 */
const [dataDir, orphanGraceSeconds = '60'] = process.argv.slice(2);
const startMs = performance.now();
try {
  const database = await EmbeddedPostgres.start({
    dataDir,
    log: new SilentLog(),
    orphanGraceSeconds: Number(orphanGraceSeconds),
  });
  process.once('SIGTERM', () => {
    void database.stop().then(() => process.exit(0));
  });
  // Something to live for: the database alone does not keep a process alive.
  setInterval(() => undefined, 60_000);
  print({ url: database.url, origin: database.origin, ms: Math.round(performance.now() - startMs) });
} catch (error) {
  print({ fault: (error as Error).name, message: (error as Error).message });
  process.exitCode = 1;
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
