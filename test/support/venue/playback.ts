import type { Recorded } from './recordings.js';

/** A multiple of the recorded speed, or as fast as the clients read. */
export type Speed = number | 'max';

/** Messages between two looks at how far the clients are. */
const stride = 64;
/** A client with more unread bytes than this is waited for. */
const unreadMax = 1_000_000;

/** Plays recorded messages in their order at a speed; can pause at a message and go on. */
export class Playback {
  private position = 0;
  private running: Promise<void> | null = null;
  private ended = false;

  constructor(
    private readonly messages: readonly Recorded[],
    private readonly speed: Speed,
    private readonly parts: {
      readonly deliver: (message: Recorded) => void;
      /** Unread bytes of the slowest client. */
      readonly unread: () => number;
    },
  ) {}

  get played(): number {
    return this.position;
  }

  /** Starts over from the first message. */
  rewind(): void {
    this.position = 0;
  }

  /** Plays until `upTo` messages have been played in all; resolves when they are out. */
  async play(upTo = this.messages.length): Promise<void> {
    while (this.running !== null) await this.running;
    this.running = this.speed === 'max' ? this.rush(upTo) : this.pace(upTo, this.speed);
    try {
      await this.running;
    } finally {
      this.running = null;
    }
  }

  /** No message follows any more. */
  end(): void {
    this.ended = true;
  }

  private async rush(upTo: number): Promise<void> {
    while (this.position < upTo && !this.ended) {
      const until = Math.min(upTo, this.position + stride);
      while (this.position < until) this.next();
      do await new Promise<void>((wake) => setImmediate(wake));
      while (this.parts.unread() > unreadMax && !this.ended);
    }
  }

  private async pace(upTo: number, speed: number): Promise<void> {
    const fromMs = this.messages[this.position]?.atMs ?? 0;
    const beganMs = performance.now();
    while (this.position < upTo && !this.ended) {
      const dueMs = (this.messages[this.position].atMs - fromMs) / speed;
      const waitMs = dueMs - (performance.now() - beganMs);
      // A timer is no finer than a millisecond; what is due within it goes together.
      if (waitMs >= 1) await new Promise((wake) => setTimeout(wake, Math.min(waitMs, 50)));
      else this.next();
    }
  }

  private next(): void {
    this.parts.deliver(this.messages[this.position]);
    this.position += 1;
  }
}
