import type { DomainEvent } from '../../kernel/events.js';

export type Handler = (event: DomainEvent) => Promise<void> | void;

/** What the queue tells its owner; all of it is cheap and none of it may throw. */
export interface QueueWatch {
  handled(event: DomainEvent, seconds: number): void;
  failed(event: DomainEvent, seconds: number, error: unknown): void;
  refused(event: DomainEvent): void;
  monotonicMs(): number;
}

interface Waiting {
  readonly event: DomainEvent;
  readonly finish: () => void;
}

/** What waits behind the event of a key that is being handled; `head` is the next. */
interface Lane {
  readonly items: Waiting[];
  head: number;
}

/** Handled entries are cut off in blocks: cutting one by one would cost a long lane its square. */
const cutAt = 512;

/**
 * One subscriber's events: those of one key one after the other, in the order they were published; different keys
 * at the same time. A handler that fails ends nothing but its own event.
 *
 * Publishers that await are held back by waiting for their own events. For those that do not, at most `lengthMax`
 * events wait; the next is refused, so that a stuck handler costs events, not the process.
 */
export class SubscriberQueue {
  /** Keys being handled, each with what waits behind. */
  private readonly lanes = new Map<string, Lane>();
  private waiting = 0;
  private closed = false;

  constructor(
    readonly subscriber: string,
    private readonly handler: Handler,
    private readonly watch: QueueWatch,
    private readonly lengthMax: number,
  ) {}

  /** Events accepted and not finished. */
  get length(): number {
    return this.waiting + this.lanes.size;
  }

  /** Undefined when the event is already handled (nothing to wait for). The promise never rejects. */
  accept(event: DomainEvent): Promise<void> | undefined {
    if (this.closed) return undefined;
    const behind = this.lanes.get(event.key);
    if (behind !== undefined) {
      if (this.waiting >= this.lengthMax) {
        this.watch.refused(event);
        return undefined;
      }
      this.waiting += 1;
      return new Promise((finish) => behind.items.push({ event, finish }));
    }
    if (this.lanes.size >= this.lengthMax) {
      this.watch.refused(event);
      return undefined;
    }
    const lane: Lane = { items: [], head: 0 };
    // The lane opens before the handler runs: what the handler itself publishes under this key waits its turn.
    this.lanes.set(event.key, lane);
    const running = this.handle(event);
    if (running !== undefined) return running.then(() => this.advance(event.key, lane));
    this.advance(event.key, lane);
    return undefined;
  }

  /** No handler call starts after this; what waits is let go. */
  close(): void {
    this.closed = true;
  }

  private advance(key: string, lane: Lane): void {
    const { items } = lane;
    while (lane.head < items.length) {
      const { event, finish } = items[lane.head];
      lane.head += 1;
      this.waiting -= 1;
      if (lane.head >= cutAt) {
        items.splice(0, lane.head);
        lane.head = 0;
      }
      const running = this.handle(event);
      if (running !== undefined) {
        void running.then(() => {
          finish();
          this.advance(key, lane);
        });
        return;
      }
      finish();
    }
    this.lanes.delete(key);
  }

  private handle(event: DomainEvent): Promise<void> | undefined {
    if (this.closed) return undefined;
    const startMs = this.watch.monotonicMs();
    try {
      const running = this.handler(event);
      if (!isPromise(running)) {
        this.watch.handled(event, this.secondsSince(startMs));
        return undefined;
      }
      return running.then(
        () => this.watch.handled(event, this.secondsSince(startMs)),
        (error: unknown) => this.watch.failed(event, this.secondsSince(startMs), error),
      );
    } catch (error) {
      this.watch.failed(event, this.secondsSince(startMs), error);
      return undefined;
    }
  }

  private secondsSince(startMs: number): number {
    return (this.watch.monotonicMs() - startMs) / 1000;
  }
}

function isPromise(value: unknown): value is Promise<void> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<void>).then === 'function';
}
