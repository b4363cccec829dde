import type { Recorded } from './recordings.js';
import type { VenueClient } from './venue-client.js';

export interface VenueRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface VenueAnswer {
  readonly status: number;
  /** JSON text, or what will be made JSON. */
  readonly body: unknown;
  /** What it costs of the venue's request budget; 1 when left out. */
  readonly weight?: number;
}

/** How one venue speaks: its requests, its subscriptions, and which client a recorded message is for. */
export interface Dialect {
  /** Null: no such path. */
  answer(request: VenueRequest): VenueAnswer | null;
  connected(client: VenueClient): void;
  /** A client's words; throws for what is no JSON. */
  heard(client: VenueClient, text: string): void;
  /** A recorded message's turn: folded into what the venue knows, sent to whom it concerns. */
  play(message: Recorded, clients: Iterable<VenueClient>): void;
  /** The recording starts over: what the venue knows, too. */
  rewind(): void;
}

/** Where the times and running numbers of a recording are moved to for the clients. */
export interface Shift {
  /** Whether times are moved at all. */
  readonly moves: boolean;
  /** A recorded time in ms, as the clients shall see it. */
  timeMs(recordedMs: number): number;
  /** What the venue's clock shows the clients. */
  nowMs(): number;
  /** How often the recording has been played before. */
  loop(): number;
}

/** The venue refuses; the shape of the body is its own. */
export function refusal(status: number, body: unknown): VenueAnswer {
  return { status, body };
}

/** A whole number of the query, or null. */
export function whole(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  return text === null || !/^\d+$/.test(text) ? null : Number(text);
}
