import { Clock } from '../../kernel/time.js';

/** The machine's own time. */
export class SystemClock extends Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}
