import { toRfc3339 } from '../../kernel/time.js';
import type { Channel } from './messages.js';
import { textFrame } from './wire-frame.js';

/** One message of a channel, ready for the wire; made once and shared by all who listen. */
export interface Frame {
  readonly channel: Channel;
  /** The whole WebSocket frame. */
  readonly bytes: Buffer;
}

/** `prevSeq` is the `seq` of the frame before, so that a listener sees a gap. Times in ms. */
export interface FrameContent {
  readonly channel: Channel;
  readonly key: string;
  readonly type: 'snapshot' | 'update';
  readonly epoch: string;
  readonly seq: number;
  readonly prevSeq: number;
  readonly timeMs: number;
  readonly data: unknown;
  /** Trades a listener missed, where the channel counts them. */
  readonly dropped?: number;
}

/** What becomes of frames is counted: how often one was made, handed to a client, or left out for a slow one. */
export interface FrameCount {
  made(channel: Channel): void;
  sent(channel: Channel, clients: number): void;
  conflated(channel: Channel, clients: number): void;
}

export function makeFrame(content: FrameContent, count: FrameCount): Frame {
  const { channel, key, type, epoch, seq, prevSeq, timeMs, data, dropped } = content;
  count.made(channel);
  const text = JSON.stringify({
    ch: channel,
    key,
    type,
    epoch,
    seq,
    prevSeq,
    ts: toRfc3339(timeMs),
    ...(dropped ? { dropped } : {}),
    data,
  });
  return { channel, bytes: textFrame(text) };
}
