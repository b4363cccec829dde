import type { Frame, FrameCount } from './frame.js';

/** Somebody who follows a topic. Offers arrive in order of `seq`, without gaps. */
export interface Listener {
  /** False when it does not take the frame, because a snapshot will replace it. */
  offer(frame: Frame, weight: number): boolean;
}

/** What a listener follows: a topic as it moves, or a slower rhythm of it. */
export interface Followed {
  readonly listeners: Set<Listener>;
  readonly newestSeq: number;
  /** The whole state as of the newest number; the next update follows on it. `dropped`: items the reader missed. */
  snapshot(dropped?: number): Frame;
}

/** What a topic now is, and what listeners hear of it (usually the same). Times in ms. */
export interface News {
  readonly state: unknown;
  readonly change: unknown;
  readonly timeMs: number;
  /** Items in `change`. */
  readonly weight?: number;
  /** Must be heard by itself: no later news says the same. */
  readonly final?: boolean;
}

/** Hands a frame to all who listen. */
export function tell(
  listeners: ReadonlySet<Listener>,
  frame: Frame,
  weight: number,
  count: FrameCount,
): void {
  let sent = 0;
  for (const listener of listeners) if (listener.offer(frame, weight)) sent += 1;
  if (sent > 0) count.sent(frame.channel, sent);
  if (sent < listeners.size) count.conflated(frame.channel, listeners.size - sent);
}
