import type { Later } from './conflation.js';
import type { FrameCount } from './frame.js';
import type { Channel, TopicName } from './messages.js';
import { Topic } from './topic.js';

/** Readings of a state that updates overtook; past it the updates themselves are new enough. */
const readingsMax = 5;

/** A state, and when it was so (ms). */
export interface StateRead {
  readonly state: unknown;
  readonly timeMs: number;
}

export interface TopicsParts<Name extends TopicName> {
  readonly count: FrameCount;
  readonly later: Later;
  nextEpoch(): string;
  /** Throws for names there are not. */
  check(name: Name): Promise<unknown>;
  /** The state before anything was read or heard. */
  empty(name: Name): StateRead;
  /** The state as it is now; null when there is none, or nobody to ask. */
  read(name: Name): Promise<StateRead | null>;
}

interface Held<Name extends TopicName> {
  readonly topic: Topic<Name>;
  readonly ready: Promise<void>;
  /** Who wait for it to be ready. */
  takers: number;
}

/** The topics somebody follows: begun with a state that was read, and forgotten when nobody follows them any more. */
export class Topics<Name extends TopicName> {
  private readonly held = new Map<string, Held<Name>>();

  constructor(private readonly parts: TopicsParts<Name>) {}

  get size(): number {
    return this.held.size;
  }

  find(channel: Channel, key: string): Topic<Name> | undefined {
    return this.held.get(keyOf(channel, key))?.topic;
  }

  /** Calls `use` with the topic once its state is known; without a listener afterwards it is forgotten. Throws what `check` throws. */
  async take(name: Name, use: (topic: Topic<Name>) => void): Promise<void> {
    const key = keyOf(name.channel, name.key);
    let held = this.held.get(key);
    if (!held) {
      const { count, later } = this.parts;
      const topic = new Topic({ name, epoch: this.parts.nextEpoch(), count }, this.parts.empty(name), later);
      held = { topic, ready: this.begin(topic), takers: 0 };
      this.held.set(key, held);
    }
    held.takers += 1;
    try {
      await held.ready;
      use(held.topic);
    } finally {
      held.takers -= 1;
      this.release(held.topic);
    }
  }

  /** Forgets the topic when nobody listens to it, or is about to. */
  release(topic: Topic<Name>): void {
    const key = keyOf(topic.name.channel, topic.name.key);
    const held = this.held.get(key);
    if (held?.topic === topic && held.takers === 0 && !topic.isFollowed) this.held.delete(key);
  }

  /** Updates may have been missed: everybody gets the state as it is. */
  async renewAll(): Promise<void> {
    await Promise.all([...this.held.values()].map(({ topic }) => this.renew(topic)));
  }

  private async begin(topic: Topic<Name>): Promise<void> {
    await this.parts.check(topic.name);
    await this.renew(topic);
  }

  /** Reads until no update came in between, since which of the two is newer cannot be told. */
  private async renew(topic: Topic<Name>): Promise<void> {
    for (let tries = 0; tries < readingsMax; tries += 1) {
      const seq = topic.newestSeq;
      const read = await this.parts.read(topic.name);
      if (topic.newestSeq !== seq) continue;
      if (read !== null) topic.renew(read);
      return;
    }
    topic.renew(null);
  }
}

function keyOf(channel: Channel, key: string): string {
  return `${channel} ${key}`;
}
