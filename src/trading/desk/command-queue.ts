import { type Command, isUrgent } from './commands.js';

export interface Waiting {
  readonly command: Command;
  readonly queuedAtMs: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Commands waiting for the single writer: cancels and halts first, the rest in the order it came. */
export class CommandQueue {
  private urgent: Waiting[] = [];
  private ordinary: Waiting[] = [];
  private head = 0;

  get length(): number {
    return this.urgent.length + this.ordinary.length - this.head;
  }

  push(waiting: Waiting): void {
    (isUrgent(waiting.command) ? this.urgent : this.ordinary).push(waiting);
  }

  /** Commands that were taken and could not be done yet, in front of all others. */
  putBack(commands: readonly Waiting[]): void {
    this.ordinary = [...commands, ...this.ordinary.slice(this.head)];
    this.head = 0;
  }

  /** Every urgent command, then ordinary ones up to `sizeMax` in all. */
  take(sizeMax: number): Waiting[] {
    const batch = this.urgent.splice(0, sizeMax);
    const end = Math.min(this.ordinary.length, this.head + sizeMax - batch.length);
    for (; this.head < end; this.head += 1) batch.push(this.ordinary[this.head]);
    // Cut off in blocks: cutting each batch would cost a long queue its square.
    if (this.head === this.ordinary.length) {
      this.ordinary = [];
      this.head = 0;
    } else if (this.head > 4096) {
      this.ordinary = this.ordinary.slice(this.head);
      this.head = 0;
    }
    return batch;
  }
}
