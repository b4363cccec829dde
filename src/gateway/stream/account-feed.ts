import type { AccountEventItem } from '../../trading/contract/portfolio.js';
import { makeFrame, type Frame, type FrameCount } from './frame.js';

/** An announced event that so many readings do not find will not come. */
const readsInVainMax = 20;
/** The log of an account is numbered for ever, so it has one epoch. */
export const logEpoch = 'log';

export interface AccountReader {
  /** Events after `since`, oldest first, and the newest number there is. */
  read(since: number): Promise<{ items: AccountEventItem[]; lastSeq: number }>;
  /** Resolves when more may be sent without piling up; rejects when the listener is gone. */
  ready(): Promise<void>;
  frameOf(event: AccountEventItem): Frame;
  send(frame: Frame): void;
  /** Reading failed; nothing can be promised any more. */
  failed(error: unknown): void;
}

export function accountFrame(accountId: string, event: AccountEventItem, count: FrameCount): Frame {
  const { seq, time } = event;
  const timeMs = Date.parse(time);
  const content = {
    channel: 'account',
    key: accountId,
    type: 'update',
    epoch: logEpoch,
    seq,
    prevSeq: seq - 1,
    timeMs,
    data: event,
  } as const;
  return makeFrame(content, count);
}

/**
 * Carries the log of one account to one listener without a gap and without a repeat. What is heard live is passed on
 * when it is the next; when it is not, the log itself is read until nothing is missing. So a lost event costs a read.
 */
export class AccountFeed {
  private next: number;
  private reading = false;
  /** Somebody asked for the log while it was being read: that reading may have come too early. */
  private again = false;
  /** Newest number heard of while reading. */
  private heard = 0;
  private closed = false;

  /** `since` is the number the listener has already. */
  constructor(
    since: number,
    private readonly reader: AccountReader,
  ) {
    this.next = since + 1;
  }

  /** An event that was just committed; `frame` is shared by all who listen to the account. */
  offer(seq: number, frame: Frame): void {
    if (this.closed || seq < this.next) return;
    if (this.reading) {
      this.heard = Math.max(this.heard, seq);
    } else if (seq === this.next) {
      this.next += 1;
      this.reader.send(frame);
    } else {
      this.heard = seq;
      this.catchUp();
    }
  }

  /** Reads the log from where the listener stands. */
  catchUp(): void {
    this.again = true;
    if (this.reading || this.closed) return;
    this.reading = true;
    this.readOn().catch((error: unknown) => {
      if (!this.closed) this.reader.failed(error);
      this.closed = true;
    });
  }

  close(): void {
    this.closed = true;
  }

  private async readOn(): Promise<void> {
    let vain = 0;
    for (;;) {
      this.again = false;
      const { items, lastSeq } = await this.reader.read(this.next - 1);
      for (const event of items) {
        if (this.closed) return;
        if (event.seq !== this.next)
          throw new Error(`the account log jumps from ${this.next - 1} to ${event.seq}`);
        this.next += 1;
        this.reader.send(this.reader.frameOf(event));
      }
      if (this.next > lastSeq && this.next > this.heard && !this.again) break;
      vain = items.length > 0 ? 0 : vain + 1;
      if (vain > readsInVainMax)
        throw new Error(`event ${this.heard} of the account was announced but cannot be read`);
      await this.reader.ready();
      if (this.closed) return;
    }
    this.reading = false;
  }
}
