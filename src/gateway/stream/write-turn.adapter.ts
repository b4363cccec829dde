/** Somebody who has something to write at the end of a turn. */
export interface Writer {
  flush(): void;
}

/** Writers served before others get their turn: some 3 ms of system calls, which an order must not wait behind longer. */
const writersPerTurn = 200;

/**
 * Lets all that a client is sent within one turn of the event loop go out in one write to its socket. A crowd is served
 * in several turns, first come first; what a client is sent while it waits goes out with the rest.
 */
export class WriteTurn {
  private writers: Writer[] = [];
  /** The next to be served. */
  private head = 0;

  /** Whoever has begun to gather; one that has nothing left by then is asked in vain. */
  add(writer: Writer): void {
    if (this.writers.push(writer) === 1) setImmediate(() => this.serve());
  }

  private serve(): void {
    const end = Math.min(this.head + writersPerTurn, this.writers.length);
    while (this.head < end) {
      this.writers[this.head].flush();
      this.head += 1;
    }
    if (this.head < this.writers.length) {
      setImmediate(() => this.serve());
      return;
    }
    this.writers = [];
    this.head = 0;
  }
}
