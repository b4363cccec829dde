import type { DomainEvent } from '../../kernel/events.js';

/** Where a process tells what it publishes, one JSON document per line: `{"event":…}`, or `{}` to show that it lives. */
export const relayPath = '/internal/events';
export const heartbeatLine = '{}\n';
export const heartbeatMs = 1_000;

/** What may cross from process to process. */
export interface Relayed {
  readonly types: readonly string[];
  /** Asked for events of those types. */
  readonly crosses: (event: DomainEvent) => boolean;
}

export function eventLine(event: DomainEvent): string {
  return `${JSON.stringify({ event })}\n`;
}

/** The event of a line, null for a heartbeat. Throws on anything else. */
export function readLine(line: string, types: readonly string[]): DomainEvent | null {
  const { event } = JSON.parse(line) as { event?: Partial<DomainEvent> };
  if (event === undefined) return null;
  const { type, key, timeMs, session, data } = event;
  const whole =
    typeof key === 'string' &&
    typeof timeMs === 'number' &&
    typeof session === 'string' &&
    data !== undefined;
  if (typeof type !== 'string' || !types.includes(type) || !whole) {
    throw new Error(`not an event that crosses: ${line.slice(0, 80)}`);
  }
  return { type, key, timeMs, session, data };
}

/** Time to wait before the next try, in ms: somewhere in the upper half of a window that doubles up to 5 s. */
export function backoffMs(failures: number, share: number): number {
  const window = Math.min(5_000, 100 * 2 ** Math.min(failures, 10));
  return Math.round(window * (0.5 + share / 2));
}
