/** A fact that happened, as plain data. `key` orders: events of one key reach each subscriber one after the other. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly key: string;
  /** When it happened, on the clock of the session it belongs to (ms). */
  readonly timeMs: number;
  /** `live`, or the id of the replay the fact belongs to; nothing of a replay may reach a live account. */
  readonly session: string;
  readonly data: Data;
}

export const liveSession = 'live';

/**
 * Facts of another process are heard here from now on, for the first time or again: what happened there before may
 * never have been told. Key: the source.
 */
export type SourceConnected = DomainEvent<'events.source-connected', { source: string }>;

/**
 * A subscriber failed on an event of a replay, or never got it: what the replay shows from now on is not to be believed,
 * and whoever plays it ends it as failed. Key: the session.
 */
export type SessionSpoiled = DomainEvent<'events.session-spoiled', { subscriber: string; type: string }>;

export interface Subscription {
  /** Who listens; names the metrics, e.g. `ml.inference`. */
  readonly subscriber: string;
  unsubscribe(): void;
}

/**
 * Facts between modules. A handler that throws is isolated: it is counted and logged, others still hear,
 * and the publisher never sees it. Publish only what is already stored.
 */
export abstract class EventBus {
  /** Resolves when every subscriber has handled the event (or failed); callers that need no answer need not wait. */
  abstract publish(event: DomainEvent): Promise<void>;
  abstract subscribe<E extends DomainEvent>(
    type: E['type'],
    subscriber: string,
    handler: (event: E) => Promise<void> | void,
  ): Subscription;
}
