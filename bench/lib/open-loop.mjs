import { once } from 'node:events';
import { fork } from 'node:child_process';

const worker = new URL('./open-loop-worker.mjs', import.meta.url);

/**
 * Latencies in ms (`p50 … max`) of `perSecond` requests a second for `seconds`, from a process of its own, each counted
 * from when its request was due. Any answer but `expect` (default 200) spoils the measurement and throws.
 */
export async function openLoop(options) {
  const child = fork(worker, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(options);
  const [answer] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the open-loop generator ended with ${code}`);
    }),
  ]);
  child.kill();
  const { statuses, count } = answer;
  const expected = options.expect ?? 200;
  if (statuses[expected] !== count)
    throw new Error(`${options.url}: answers other than ${expected}: ${JSON.stringify(statuses)}`);
  return answer;
}
