import { bannerText } from './banner.js';
import { BootFault } from './platform/boot-fault.js';
import { ConfigFault } from './platform/config/config.js';
import { readEnvironment } from './platform/config/environment.adapter.js';
import { startServer, type RunningServer } from './server.js';

/** Longest orderly stop; past it the process ends anyway, and the database recovers at the next start. */
const stopMsMax = 8_000;

let server: RunningServer | null = null;
let stopping: Promise<void> | null = null;

function stop(signal: string): void {
  if (stopping !== null) return;
  console.log(`\n  ${signal}: stopping …`);
  setTimeout(() => process.exit(1), stopMsMax).unref();
  stopping = (async () => {
    // A signal during start waits for the start to end, so that nothing is left half-done.
    await starting;
    await server?.stop();
    process.exit(0);
  })();
}

const starting = startServer(safeEnvironment()).then(
  (running) => {
    server = running;
    if (stopping === null) console.log(bannerText(running.banner));
  },
  (error: unknown) => fail(error),
);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal));

function safeEnvironment(): ReturnType<typeof readEnvironment> {
  try {
    return readEnvironment();
  } catch (error) {
    return fail(error);
  }
}

/** What a person can put right is told in a sentence; anything else is our fault and shows where. */
function fail(error: unknown): never {
  const known = error instanceof BootFault || error instanceof ConfigFault;
  console.error(known ? `\n  RRRalgorithms did not start: ${error.message}\n` : error);
  process.exit(1);
}
