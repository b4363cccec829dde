import { type Command, isUrgent } from './commands.js';

export interface Waiting {
  readonly command: Command;
  readonly queuedAtMs: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How many orders a command makes at most; whatever makes none counts as one. */
export function sizeOf(command: Command): number {
  if (command.kind === 'place-batch') return Math.max(1, command.orders.length);
  if (command.kind === 'place-list') return command.list.members.length;
  return command.kind === 'place' && command.content.exits !== null ? 3 : 1;
}

/**
 * Commands waiting for the single writer: cancels and halts first, the rest in the order it came. The two never travel
 * together: what must be asked before an ordinary command may take long or fail, and a halt must not share that.
 */
export class CommandQueue {
  private urgent: Waiting[] = [];
  private ordinary: Waiting[] = [];
  private head = 0;
  private urgentWentLast = false;

  get length(): number {
    return this.urgent.length + this.ordinary.length - this.head;
  }

  push(waiting: Waiting): void {
    (isUrgent(waiting.command) ? this.urgent : this.ordinary).push(waiting);
  }

  /** Commands that were taken and could not be done yet, in front of all others of their kind. */
  putBack(commands: readonly Waiting[]): void {
    const [urgent, ordinary] = [true, false].map((wanted) =>
      commands.filter(({ command }) => isUrgent(command) === wanted),
    );
    this.urgent = [...urgent, ...this.urgent];
    this.ordinary = [...ordinary, ...this.ordinary.slice(this.head)];
    this.head = 0;
  }

  /** Commands up to a size of `sizeMax`, the last perhaps beyond it: urgent ones, or ordinary ones when no urgent one waits; while both wait, they take turns. */
  take(sizeMax: number): Waiting[] {
    const ordinaryWaits = this.head < this.ordinary.length;
    this.urgentWentLast = this.urgent.length > 0 && !(this.urgentWentLast && ordinaryWaits);
    return this.urgentWentLast ? this.urgent.splice(0, sizeMax) : this.takeOrdinary(sizeMax);
  }

  /** Everything that waits. */
  clear(): Waiting[] {
    return [...this.urgent.splice(0), ...this.takeOrdinary(Number.MAX_SAFE_INTEGER)];
  }

  private takeOrdinary(sizeMax: number): Waiting[] {
    let end = this.head;
    for (let size = 0; end < this.ordinary.length && size < sizeMax; end += 1)
      size += sizeOf(this.ordinary[end].command);
    const batch = this.ordinary.slice(this.head, end);
    this.head = end;
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
