import { dayMs } from '../../kernel/time.js';
import type { Bar } from './candle.js';
import { type FeatureGroup, type FeatureGroupState, windowed } from './feature-group.js';

const weekMs = 7 * dayMs;
/** 1970-01-01 was a Thursday; counted from the Monday before. */
const mondayOffsetMs = 3 * dayMs;

/**
 * Time of day and of week in UTC at the candle's close, the moment a prediction starts from, as points on circles so
 * that 23:55 lies next to 00:00. The day has a second harmonic: two humps, the European and the American session.
 */
export function calendarFeatures(): FeatureGroup {
  return {
    features: [
      windowed('day_sin', 'sin(2*pi*d), d = share of the UTC day gone at the close', 1),
      windowed('day_cos', 'cos(2*pi*d)', 1),
      windowed('half_day_sin', 'sin(4*pi*d)', 1),
      windowed('half_day_cos', 'cos(4*pi*d)', 1),
      windowed('week_sin', 'sin(2*pi*w), w = share of the UTC week from Monday 00:00 gone at the close', 1),
      windowed('week_cos', 'cos(2*pi*w)', 1),
      windowed('weekend', '1 on Saturday and Sunday at the close, else 0', 1),
    ],
    start: () => new CalendarState(),
  };
}

class CalendarState implements FeatureGroupState {
  private closeMs = 0;

  update(bar: Bar): void {
    this.closeMs = bar.closeMs;
  }

  write(into: Float64Array, at: number): void {
    // Times before 1970 would leave a negative remainder; the second modulo lifts it.
    const intoWeekMs = (((this.closeMs + mondayOffsetMs) % weekMs) + weekMs) % weekMs;
    const day = (2 * Math.PI * (intoWeekMs % dayMs)) / dayMs;
    const week = (2 * Math.PI * intoWeekMs) / weekMs;
    into[at] = Math.sin(day);
    into[at + 1] = Math.cos(day);
    into[at + 2] = Math.sin(2 * day);
    into[at + 3] = Math.cos(2 * day);
    into[at + 4] = Math.sin(week);
    into[at + 5] = Math.cos(week);
    into[at + 6] = intoWeekMs >= 5 * dayMs ? 1 : 0;
  }
}
