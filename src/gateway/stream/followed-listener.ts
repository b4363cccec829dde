import type { Frame } from './frame.js';
import type { Followed, Listener } from './listening.js';

/** Whom frames go to, as far as a listener needs to know it. */
export interface Recipient {
  /** Has so much unsent that it should get no more for now. */
  readonly isSlow: boolean;
  send(bytes: Buffer): void;
}

/** Passes what is followed on to one client; to a slow one it passes nothing until a fresh snapshot can be sent. */
export class FollowedListener implements Listener {
  private missed = 0;
  private behind = false;

  constructor(
    private readonly recipient: Recipient,
    private readonly followed: Followed,
  ) {}

  offer(frame: Frame, weight: number): boolean {
    if (this.behind || this.recipient.isSlow) {
      this.behind = true;
      this.missed += weight;
      return false;
    }
    this.recipient.send(frame.bytes);
    return true;
  }

  /** The snapshot a slow client waits for, once it has room; null when it waits for none. */
  recover(): Frame | null {
    if (!this.behind || this.recipient.isSlow) return null;
    const frame = this.followed.snapshot(this.missed);
    this.behind = false;
    this.missed = 0;
    this.recipient.send(frame.bytes);
    return frame;
  }
}
