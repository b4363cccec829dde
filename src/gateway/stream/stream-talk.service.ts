import { Injectable } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import type { Principal } from '../../kernel/principal.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import { gatewayProblem } from '../contract/errors.js';
import { GatewayConfig } from '../gateway.config.js';
import { AccessTokens } from '../identity/access-tokens.service.js';
import { Directory } from '../identity/directory.service.js';
import { AccountFeeds } from './account-feeds.service.js';
import { logEpoch } from './account-feed.js';
import { MarketTopics } from './market-topics.service.js';
import { closeCodes, readMessage, type ClientMessage, type TopicName } from './messages.js';
import type { StreamClient } from './stream-client.adapter.js';
import { StreamTickets } from './stream-tickets.service.js';

type AccountSubscription = Extract<ClientMessage, { op: 'subscribe-account' }>;

/** What the stream answers to what a client says. */
@Injectable()
export class StreamTalk {
  /** Ids a client has asked for and not yet got. */
  private readonly pending = new WeakMap<StreamClient, Set<string>>();

  constructor(
    private readonly tokens: AccessTokens,
    private readonly directory: Directory,
    private readonly tickets: StreamTickets,
    private readonly topics: MarketTopics,
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
      await this.authenticate(client, message);
    } else if (client.claims === null) {
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

  /** Is the client still who it was? Called a few times a second. */
  recheck(client: StreamClient): void {
    const { claims } = client;
    if (claims === null) return;
    if (claims.expiresMs <= this.clock.nowMs()) {
      client.close(closeCodes.unauthenticated, 'the token has expired', 'expired');
      return;
    }
    try {
      this.directory.holderOf(claims);
    } catch {
      client.close(closeCodes.unauthenticated, 'the session has ended', 'revoked');
    }
  }

  private async authenticate(
    client: StreamClient,
    message: { token?: string; ticket?: string },
  ): Promise<void> {
    try {
      const claims =
        message.token === undefined
          ? await this.tickets.redeem(message.ticket!)
          : this.tokens.verify(message.token);
      const { user } = this.directory.holderOf(claims);
      if (user.passwordChangeRequired) {
        throw gatewayProblem('AUTH_PASSWORD_CHANGE_REQUIRED', { detail: 'choose your own password first' });
      }
      if (client.claims !== null && client.claims.userId !== claims.userId) {
        throw gatewayProblem('STREAM_NOT_AUTHENTICATED', {
          detail: 'this connection belongs to another user; open a new one',
        });
      }
      client.claims = claims;
      client.say({ op: 'authenticated', expiresAt: toRfc3339(claims.expiresMs) });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      client.say({ op: 'error', code: error.code, detail: error.content.detail });
      // A refused renewal leaves the connection as it was; a refused beginning ends it.
      if (client.claims === null)
        client.close(closeCodes.unauthenticated, 'not authenticated', 'unauthenticated');
    }
  }

  private async subscribe(
    client: StreamClient,
    message: AccountSubscription | { op: 'subscribe'; id: string; topic: TopicName },
  ): Promise<void> {
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
      if (message.op === 'subscribe') await this.listen(client, id, message.topic, pending);
      else await this.openAccount(client, message, pending);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      client.say({ op: 'error', id, code: error.code, detail: error.content.detail });
    } finally {
      pending.delete(id);
    }
  }

  private async listen(
    client: StreamClient,
    id: string,
    name: TopicName,
    pending: Set<string>,
  ): Promise<void> {
    await this.topics.take(name, (topic) => {
      // Gone or unsubscribed while the state was looked up.
      if (!client.isOpen || !pending.has(id)) return;
      client.say({ op: 'subscribed', id, channel: name.channel, epoch: topic.epoch, seq: topic.newestSeq });
      client.sendFrame(topic.snapshot());
      client.listen(id, topic);
    });
  }

  private async openAccount(
    client: StreamClient,
    asked: AccountSubscription,
    pending: Set<string>,
  ): Promise<void> {
    const { id, accountId, since } = asked;
    const principal: Principal = this.directory.holderOf(client.claims!).principal;
    await this.accounts.open(client, { principal, accountId, since }, (feed, seq) => {
      client.heard.set(id, { kind: 'account', accountId, feed });
      if (!client.isOpen || !pending.has(id)) {
        this.drop(client, id);
        return;
      }
      client.say({ op: 'subscribed', id, channel: 'account', epoch: logEpoch, seq });
    });
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
    if (heard.kind === 'account') {
      this.accounts.close(heard.accountId, heard.feed);
    } else {
      heard.topic.listeners.delete(heard.listener);
      this.topics.release(heard.topic);
    }
  }
}
