import { parseRfc3339, toRfc3339 } from '../kernel/time.js';
import { dataProblem } from './contract/errors.js';

/** `from` inclusive, `to` exclusive; null where it is open. */
export interface TimeRange {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** Throws DATA_RANGE_INVALID for times that are none and for ranges that hold nothing. */
export function readTimeRange(query: { from?: string; to?: string }): TimeRange {
  const read = (name: 'from' | 'to'): number | null => {
    const text = query[name];
    if (text === undefined) return null;
    const timeMs = parseRfc3339(text);
    if (timeMs === null) {
      throw dataProblem('DATA_RANGE_INVALID', {
        detail: `${name} is ${JSON.stringify(text.slice(0, 60))}; it must be an RFC 3339 time such as 2023-01-01T00:00:00.000Z`,
        errors: [{ pointer: `?${name}`, detail: 'must be an RFC 3339 time' }],
      });
    }
    return timeMs;
  };
  const fromMs = read('from');
  const toMs = read('to');
  if (fromMs !== null && toMs !== null && fromMs >= toMs) {
    throw dataProblem('DATA_RANGE_INVALID', {
      detail: `from is ${toRfc3339(fromMs)} and to is ${toRfc3339(toMs)}; from must be before to, which is exclusive`,
      errors: [{ pointer: '?to', detail: 'must be later than from' }],
    });
  }
  return { fromMs, toMs };
}
