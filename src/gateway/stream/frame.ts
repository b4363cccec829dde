import { toRfc3339 } from '../../kernel/time.js';
import type { Channel } from './messages.js';

/** One message of a channel as it goes over the wire; made once and shared by all who listen. */
export interface Frame {
  readonly channel: Channel;
  readonly bytes: Buffer;
}

/** `prevSeq` is the `seq` of the frame before, so that a listener sees a gap. Times in ms. */
export function makeFrame(content: {
  channel: Channel;
  key: string;
  type: 'snapshot' | 'update';
  epoch: string;
  seq: number;
  prevSeq: number;
  timeMs: number;
  data: unknown;
  /** Trades a slow listener missed, where the channel counts them. */
  dropped?: number;
}): Frame {
  const { channel, key, type, epoch, seq, prevSeq, timeMs, data, dropped } = content;
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
  return { channel, bytes: Buffer.from(text) };
}
