import { Injectable } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import { gatewayProblem } from '../contract/errors.js';
import { GatewayConfig } from '../gateway.config.js';
import { AccountFeeds } from './account-feeds.service.js';
import { type AccountFeed, logEpoch } from './account-feed.js';
import { MarketTopics } from './market-topics.service.js';
import { readMessage, type ClientMessage, type TopicName } from './messages.js';
import type { StreamClient } from './stream-client.adapter.js';
import { StreamSignIn } from './stream-sign-in.service.js';
import type { Topic } from './topic.js';
import type { Topics } from './topics.js';
import { WatchTopics } from './watch-topics.service.js';

type Subscription = Extract<ClientMessage, { op: `subscribe${string}` }>;
type Asked<Op> = Extract<ClientMessage, { op: Op }>;

/** What the stream answers to what a client says. */
@Injectable()
export class StreamTalk {
  /** Ids a client has asked for and not yet got. */
  private readonly pending = new WeakMap<StreamClient, Set<string>>();

  constructor(
    private readonly signIn: StreamSignIn,
    private readonly market: MarketTopics,
    private readonly watch: WatchTopics,
    private readonly accounts: AccountFeeds,
    private readonly config: GatewayConfig,
    private readonly clock: Clock,
  ) {}

  /** `text` null for a binary message. Rejects only for faults of ours. */
  async answer(client: StreamClient, text: string | null): Promise<void> {
    const message = readMessage(text ?? '');
    if ('code' in message) {
      client.say({ op: 'error', ...message });
      return;
    }
    if (message.op === 'ping') {
      client.say({ op: 'pong', ts: toRfc3339(this.clock.nowMs()) });
    } else if (message.op === 'auth') {
      await this.signIn.authenticate(client, message);
    } else if (client.signedIn === null) {
      const { code, content } = gatewayProblem('STREAM_NOT_AUTHENTICATED', {
        detail: 'send {"op":"auth","token":…} first',
      });
      client.say({ op: 'error', id: message.id, code, detail: content.detail });
    } else if (message.op === 'unsubscribe') {
      this.unsubscribe(client, message.id);
    } else {
      await this.subscribe(client, message);
    }
  }

  /** Ends what a client that is gone listened to. */
  forget(client: StreamClient): void {
    for (const id of client.heard.keys()) this.drop(client, id);
  }

  private async subscribe(client: StreamClient, message: Subscription): Promise<void> {
    const { id } = message;
    const pending = this.pending.get(client) ?? new Set<string>();
    this.pending.set(client, pending);
    if (client.heard.has(id) || pending.has(id)) {
      client.say({
        op: 'error',
        id,
        code: 'STREAM_MESSAGE_INVALID',
        detail: 'this id is in use; unsubscribe it first',
      });
      return;
    }
    const most = this.config.streamSubscriptionsMax;
    if (client.heard.size + pending.size >= most) {
      const detail = `a connection holds at most ${most} subscriptions; unsubscribe one, or open another connection`;
      client.say({ op: 'error', id, code: 'STREAM_SUBSCRIPTIONS_TOO_MANY', detail });
      return;
    }
    pending.add(id);
    try {
      if (message.op === 'subscribe') await this.openMarket(client, message, pending);
      else if (message.op === 'subscribe-watch') await this.openWatch(client, message, pending);
      else await this.openAccount(client, message, pending);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      client.say({ op: 'error', id, code: error.code, detail: error.content.detail });
    } finally {
      pending.delete(id);
    }
  }

  private async openMarket(
    client: StreamClient,
    { id, topic: name, conflateMs }: Asked<'subscribe'>,
    pending: Set<string>,
  ): Promise<void> {
    const { topics } = this.market;
    await topics.take(name, (topic) => follow({ client, id, topics, topic, conflateMs }, pending));
  }

  private async openWatch(
    client: StreamClient,
    { id, channel }: Asked<'subscribe-watch'>,
    pending: Set<string>,
  ): Promise<void> {
    const { topics } = this.watch;
    await this.watch.take(channel, client.signedIn!.principal, (topic) =>
      follow({ client, id, topics, topic, conflateMs: null }, pending),
    );
  }

  private async openAccount(
    client: StreamClient,
    { id, accountId, since }: Asked<'subscribe-account'>,
    pending: Set<string>,
  ): Promise<void> {
    const { principal } = client.signedIn!;
    const begin = (feed: AccountFeed, seq: number): void => {
      client.heard.set(id, { kind: 'account', accountId, feed });
      if (!client.isOpen || !pending.has(id)) {
        this.drop(client, id);
        return;
      }
      client.say({ op: 'subscribed', id, channel: 'account', epoch: logEpoch, seq });
    };
    const refused = ({ code, content }: Problem): void => {
      this.drop(client, id);
      client.say({ op: 'error', id, code, detail: content.detail });
    };
    await this.accounts.open(client, { principal, accountId, since }, { begin, refused });
  }

  private unsubscribe(client: StreamClient, id: string): void {
    this.pending.get(client)?.delete(id);
    this.drop(client, id);
    client.say({ op: 'unsubscribed', id });
  }

  private drop(client: StreamClient, id: string): void {
    const heard = client.heard.get(id);
    if (!heard) return;
    client.heard.delete(id);
    if (heard.kind === 'account') this.accounts.close(heard.accountId, heard.feed);
    else heard.leave();
  }
}

/** Tells a client where a topic stands, and all that comes after it. */
function follow<Name extends TopicName>(
  asked: {
    client: StreamClient;
    id: string;
    topics: Topics<Name>;
    topic: Topic<Name>;
    conflateMs: number | null;
  },
  pending: ReadonlySet<string>,
): void {
  const { client, id, topics, topic, conflateMs } = asked;
  // Gone or unsubscribed while the state was looked up.
  if (!client.isOpen || !pending.has(id)) return;
  const followed = topic.inRhythm(conflateMs);
  const { channel } = topic.name;
  client.say({ op: 'subscribed', id, channel, epoch: topic.epoch, seq: followed.newestSeq });
  client.sendFrame(followed.snapshot());
  client.listen(id, followed, (listener) => {
    topic.leave(followed, listener);
    topics.release(topic);
  });
}
