/** Somebody who has something to write at the end of a turn. */
export interface Writer {
  flush(): void;
}

/** Lets all that a client is sent within one turn of the event loop go out in one write to its socket. */
export class WriteTurn {
  private writers: Writer[] = [];

  /** Whoever has begun to gather; one that has nothing left by then is asked in vain. */
  add(writer: Writer): void {
    if (this.writers.push(writer) === 1) setImmediate(() => this.end());
  }

  private end(): void {
    const { writers } = this;
    this.writers = [];
    for (const writer of writers) writer.flush();
  }
}
