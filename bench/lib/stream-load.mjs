import { once } from 'node:events';
import { fork } from 'node:child_process';

const worker = new URL('./stream-load-worker.mjs', import.meta.url);

/** A crowd of stream clients in a process of its own; see the worker for what it can be asked. */
export function startCrowd() {
  const child = fork(worker, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the stream clients ended with ${code}`);
  });
  ended.catch(() => undefined);
  return {
    ask: async (command, options = {}) => {
      child.send({ command, ...options });
      const answered = once(child, 'message', { signal: AbortSignal.timeout(60_000) });
      const [answer] = await Promise.race([answered, ended]);
      return answer;
    },
    stop: () => child.kill(),
  };
}

const attempts = 2;

/**
 * The highest step at which nothing was lost and nothing came late: `at(step)` answers frames per second, or null.
 * A step has failed when it failed `attempts` times, since the machine may have been busy with something else. Begins
 * where the last search ended, since climbing the same stairs again tells nothing new.
 */
export function highestStep(attempt, notes) {
  const at = async (step) => {
    for (let n = 0; n < attempts; n += 1) {
      const reached = await attempt(step);
      if (reached !== null) return reached;
    }
    return null;
  };
  let start = 0;
  return async () => {
    let step = start;
    let best = await at(step);
    while (best === null && step > 0) best = await at((step -= 1));
    if (best === null)
      throw new Error(`not even the first step was without loss: ${JSON.stringify(notes())}`);
    for (;;) {
      const next = await at(step + 1);
      if (next === null) break;
      step += 1;
      best = next;
    }
    start = Math.max(0, step - 1);
    return best;
  };
}
