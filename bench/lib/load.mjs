import { once } from 'node:events';
import { fork } from 'node:child_process';

const worker = new URL('./load-worker.mjs', import.meta.url);

/**
 * Requests per second over `seconds`, from a process of its own. Any answer outside `expect` (default 200) spoils the
 * measurement and throws.
 */
export async function requestsPerSecond(options) {
  const child = fork(worker, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(options);
  const [answer] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the load generator ended with ${code}`);
    }),
  ]);
  child.kill();
  const { perSecond, statuses, errors } = answer;
  const expected = String(options.expect ?? 200);
  const unexpected = Object.entries(statuses).filter(([status]) => status !== expected);
  if (errors > 0 || unexpected.length > 0) {
    throw new Error(
      `${options.url}: ${errors} errors, answers other than ${expected}: ${JSON.stringify(unexpected)}`,
    );
  }
  return perSecond;
}
