import { makeFrame, type Frame, type FrameContent, type FrameCount } from './frame.js';
import type { TopicName } from './messages.js';

/** Who makes the frames of one topic. */
export interface FrameMaker {
  readonly name: TopicName;
  readonly epoch: string;
  readonly count: FrameCount;
}

/** The state of a topic as of one number, and the frames that tell it. The snapshot of a moment is made once for all. */
export class NumberedState {
  private shown: Frame | null = null;

  constructor(
    private readonly maker: FrameMaker,
    public seq: number,
    public state: unknown,
    public timeMs: number,
  ) {}

  set(seq: number, state: unknown, timeMs: number): void {
    this.seq = seq;
    this.state = state;
    this.timeMs = timeMs;
    this.shown = null;
  }

  snapshot(dropped: number): Frame {
    const { seq, timeMs, state } = this;
    const content = { type: 'snapshot', seq, prevSeq: seq, timeMs, data: state } as const;
    // Only trades are missed one by one; every other state is the same for all.
    if (dropped > 0 && this.maker.name.channel === 'trades') return this.frame({ ...content, dropped });
    return (this.shown ??= this.frame(content));
  }

  frame(content: Omit<FrameContent, 'channel' | 'key' | 'epoch'>): Frame {
    const { name, epoch, count } = this.maker;
    return makeFrame({ channel: name.channel, key: name.key, epoch, ...content }, count);
  }
}
