import type { Problem } from '../../kernel/errors.js';
import { tradingProblem } from '../contract/errors.js';

/** Nothing was done: too much waits. */
export function overloaded(length: number): Problem {
  return tradingProblem('TRADING_OVERLOADED', {
    detail: `${length} commands wait for this desk and it takes no more now; send again in a moment`,
    retryAfterSeconds: 1,
  });
}

/** Perhaps it was done, perhaps not: nobody can say now. */
export function unavailable(what: string): Problem {
  return tradingProblem('TRADING_UNAVAILABLE', {
    detail:
      `the desk ${what}; whether this command took effect is not known: ` +
      'ask for the order by its client order id, or send it again under the same one',
    retryAfterSeconds: 1,
  });
}
