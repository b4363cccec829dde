import type { WebSocket } from 'ws';
import { corrupted, fateOf, seeded, type Fate, type StreamFaults } from './faults.js';

/** Held back longest on one connection; more and it is cut, as a venue does with a reader that is too slow. */
const waitingMax = 200_000;

/** One client's connection as the venue sees it: what it subscribed, and the faults its messages meet. */
export class VenueClient {
  /** Canonical stream → what the client called it, or what else the dialect keeps about it. */
  readonly subscriptions = new Map<string, unknown>();
  private readonly draw: () => number;
  private waiting: string[] = [];
  private heldBack: string | null = null;
  private resumeAtMs = 0;
  private messages = 0;

  constructor(
    private readonly socket: WebSocket,
    /** Path and query it connected to. */
    readonly target: URL,
    private readonly parts: {
      readonly seed: number;
      readonly faults: () => StreamFaults;
      readonly count: (fate: Fate) => void;
    },
  ) {
    this.draw = seeded(parts.seed);
  }

  get silent(): boolean {
    const { silentAfter } = this.parts.faults();
    return silentAfter !== undefined && this.messages >= silentAfter;
  }

  /** Bytes it has not read yet. */
  get unread(): number {
    return this.socket.bufferedAmount + this.waiting.length * 200;
  }

  /** An answer of the protocol; meets no fault but silence. */
  answer(text: string): void {
    if (!this.silent) this.socket.send(text);
  }

  pong(data: Buffer): void {
    if (!this.silent) this.socket.pong(data);
  }

  /** A market message; may meet a fault. */
  market(text: string): void {
    const faults = this.parts.faults();
    if (this.silent) return;
    this.messages += 1;
    const fate = fateOf(faults, this.draw());
    this.parts.count(fate);
    const held = this.heldBack;
    this.heldBack = null;
    if (fate === 'delayed') this.resumeAtMs = performance.now() + (faults.delayMs ?? 100);
    if (fate === 'reordered') this.heldBack = text;
    else if (fate !== 'dropped') this.later(fate === 'corrupted' ? corrupted(text, this.draw) : text);
    if (fate === 'duplicated') this.later(text);
    if (held !== null) this.later(held);
    if (faults.disconnectAfter !== undefined && this.messages >= faults.disconnectAfter) this.cut();
  }

  /** A message held back for the next one goes now: none follows. */
  flush(): void {
    if (this.heldBack !== null) this.later(this.heldBack);
    this.heldBack = null;
  }

  /** The connection breaks without a word. */
  cut(): void {
    this.socket.terminate();
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  private later(text: string): void {
    if (this.waiting.length === 0 && performance.now() >= this.resumeAtMs) {
      this.socket.send(text);
      return;
    }
    this.waiting.push(text);
    if (this.waiting.length > waitingMax) this.cut();
    else if (this.waiting.length === 1) this.release();
  }

  private release(): void {
    const waitMs = this.resumeAtMs - performance.now();
    if (waitMs > 0) {
      setTimeout(() => this.release(), waitMs);
      return;
    }
    const due = this.waiting;
    this.waiting = [];
    for (const text of due) this.socket.send(text);
  }
}
