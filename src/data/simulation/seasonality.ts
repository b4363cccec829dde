import { dayMs, hourMs } from '../../kernel/time.js';

/** How much livelier than average the market is, both averaging 1 over a week. */
export interface Season {
  /** Factor on the standard deviation of returns. */
  readonly volatility: number;
  /** Factor on trades and volume. */
  readonly activity: number;
}

/** Thursday 1 January 1970 was day 0, so Saturdays and Sundays are days 2 and 3 of the seven. */
function isWeekend(timeMs: number): boolean {
  const day = Math.floor(timeMs / dayMs) % 7;
  return day === 2 || day === 3;
}

/**
 * A day as crypto markets have it: quiet in the small hours of UTC, liveliest when Europe and America trade together
 * (14–16 UTC), calmer on weekends. Two harmonics of the day, so that it is smooth over midnight.
 */
export function seasonAt(timeMs: number): Season {
  const hour = (timeMs % dayMs) / hourMs;
  const swing =
    0.3 * Math.cos((2 * Math.PI * (hour - 15)) / 24) + 0.1 * Math.cos((4 * Math.PI * (hour - 14.5)) / 24);
  const weekend = isWeekend(timeMs);
  return {
    volatility: (1 + swing) * (weekend ? 0.8 : 1.08),
    activity: (1 + 1.5 * swing) * (weekend ? 0.65 : 1.14),
  };
}
