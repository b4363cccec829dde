import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { SilentLog } from '../../src/kernel/log.js';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.adapter.js';

/**
 * A process that owns an embedded database, for the reliability tests to start and kill. Prints a line of JSON when
 * the database is up or refused. Told SIGTERM it stops; SIGINT, it shows that the database still answers and stops;
 * SIGUSR2, it dies of an error nobody caught.
 */
const [dataDir, orphanGraceSeconds = '60'] = process.argv.slice(2);
const startMs = performance.now();
// Something to live for: the database alone does not keep a process alive.
const alive = setInterval(() => undefined, 60_000);
try {
  const database = await EmbeddedPostgres.start({
    dataDir,
    log: new SilentLog(),
    orphanGraceSeconds: Number(orphanGraceSeconds),
  });
  const stop = async (): Promise<void> => {
    const fromMs = performance.now();
    await database.stop();
    print({ stopMs: Math.round(performance.now() - fromMs) });
    clearInterval(alive);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => {
    void sleep(300)
      .then(() => answers(database.url))
      .then((answered) => print({ answered }))
      .then(stop);
  });
  process.once('SIGUSR2', () => {
    throw new Error('nobody catches this');
  });
  print({ url: database.url, origin: database.origin, readyMs: Math.round(performance.now() - startMs) });
} catch (error) {
  print({ fault: (error as Error).name, message: (error as Error).message });
  clearInterval(alive);
  process.exitCode = 1;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rowCount } = await client.query('SELECT 1');
  await client.end();
  return rowCount === 1;
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
