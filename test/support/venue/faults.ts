/** What a stream does to its messages; probabilities per message, drawn from the seed. */
export interface StreamFaults {
  /** Never sent. */
  readonly drop?: number;
  /** Sent twice. */
  readonly duplicate?: number;
  /** Sent after the one that follows it. */
  readonly reorder?: number;
  /** Cut off somewhere, or a character replaced. */
  readonly corrupt?: number;
  /** Held back for `delayMs`, and all behind it. */
  readonly delay?: number;
  readonly delayMs?: number;
  /** The connection is cut after so many messages; the next connection counts anew. */
  readonly disconnectAfter?: number;
  /** Says nothing more after so many messages, pings and heartbeats included, but stays open. */
  readonly silentAfter?: number;
}

/** What answers a request instead of the venue. */
export interface RestFault {
  /** Only requests whose path contains this; `upgrade` for the opening of a stream. */
  readonly path?: string;
  /** How often; for ever when left out. */
  readonly times?: number;
  /** `html`: 200 with a page; `cut`: 200 with half a body; `hang`: no answer; `reset`: the connection is cut. */
  readonly kind: 'html' | 'status' | 'cut' | 'hang' | 'reset';
  /** For `status`: 429, 418, 5xx, …; 503 when left out. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
}

export const fates = ['sent', 'dropped', 'duplicated', 'reordered', 'corrupted', 'delayed'] as const;
export type Fate = (typeof fates)[number];

/** Numbers in [0, 1) from a seed; the same seed gives the same faults (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What becomes of one message. One draw decides, so that each message has at most one fault. */
export function fateOf(faults: StreamFaults, draw: number): Fate {
  const odds: [Fate, number | undefined][] = [
    ['dropped', faults.drop],
    ['duplicated', faults.duplicate],
    ['reordered', faults.reorder],
    ['corrupted', faults.corrupt],
    ['delayed', faults.delay],
  ];
  let threshold = 0;
  for (const [fate, probability] of odds) {
    threshold += probability ?? 0;
    if (draw < threshold) return fate;
  }
  return 'sent';
}

/** Half of the time cut off, else one character replaced by one that no number and no JSON has there. */
export function corrupted(text: string, draw: () => number): string {
  const at = 1 + Math.floor(draw() * (text.length - 1));
  return draw() < 0.5 ? text.slice(0, at) : `${text.slice(0, at)}\u00a7${text.slice(at + 1)}`;
}
