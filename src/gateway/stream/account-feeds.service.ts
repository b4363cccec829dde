import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { EventBus, type SourceConnected, type Subscription } from '../../kernel/events.js';
import { Problem } from '../../kernel/errors.js';
import { Log } from '../../kernel/log.js';
import type { Principal } from '../../kernel/principal.js';
import { toRfc3339 } from '../../kernel/time.js';
import { Accounts } from '../../trading/contract/accounts.js';
import type { AccountChanged } from '../../trading/contract/events.js';
import { Portfolio } from '../../trading/contract/portfolio.js';
import { AccountFeed, accountFrame } from './account-feed.js';
import { StreamCount } from './stream-count.service.js';
import type { StreamClient } from './stream-client.adapter.js';

const pageSize = 500;
const subscriber = 'gateway.stream';

/** The account logs somebody listens to. */
@Injectable()
export class AccountFeeds implements OnModuleInit, OnModuleDestroy {
  private readonly feeds = new Map<string, Set<AccountFeed>>();
  private subscriptions: Subscription[] = [];
  private readonly log: Log;

  constructor(
    private readonly events: EventBus,
    private readonly accounts: Accounts,
    private readonly portfolio: Portfolio,
    private readonly count: StreamCount,
    log: Log,
  ) {
    this.log = log.of('gateway.stream');
  }

  onModuleInit(): void {
    this.subscriptions = [
      this.events.subscribe<AccountChanged>('trading.account-changed', subscriber, (event) =>
        this.onChange(event),
      ),
      // What a quiet account did while nobody could tell us would otherwise wait for its next event.
      this.events.subscribe<SourceConnected>('events.source-connected', subscriber, () => {
        for (const listening of this.feeds.values()) for (const feed of listening) feed.catchUp();
      }),
    ];
  }

  onModuleDestroy(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  get size(): number {
    return this.feeds.size;
  }

  /**
   * A feed for `client` that begins after `since` (null: after the newest event). Throws TRADING_ACCOUNT_UNKNOWN for
   * accounts the principal may not see. `begin` is called before the first event goes out, `refused` when the principal
   * may no longer see the account.
   */
  async open(
    client: StreamClient,
    asked: { principal: Principal; accountId: string; since: number | null },
    on: { begin: (feed: AccountFeed, seq: number) => void; refused: (problem: Problem) => void },
  ): Promise<void> {
    const { principal, accountId } = asked;
    await this.accounts.get({ principal, accountId });
    const { lastSeq } = await this.portfolio.events({
      principal,
      accountId,
      since: asked.since ?? 0,
      limit: 1,
    });
    const since = Math.min(asked.since ?? lastSeq, lastSeq);
    const feed = new AccountFeed(since, {
      read: (after) => this.portfolio.events({ principal, accountId, since: after, limit: pageSize }),
      ready: () => client.room(),
      frameOf: (event) => accountFrame(accountId, event, this.count),
      send: (frame) => client.sendFrame(frame),
      failed: (error) => {
        if (!client.isOpen) return;
        if (error instanceof Problem && error.code === 'TRADING_ACCOUNT_UNKNOWN') {
          on.refused(error);
          return;
        }
        this.log.warn(
          { accountId, error: (error as Error).message },
          'an account log could not be read for a stream',
        );
        client.close(1011, 'the account log cannot be read; resume by since', 'log-unreadable');
      },
    });
    const listening = this.feeds.get(accountId) ?? new Set();
    this.feeds.set(accountId, listening.add(feed));
    on.begin(feed, since);
    // Also when nothing is missing: what happened between the question and now is in the log.
    feed.catchUp();
  }

  close(accountId: string, feed: AccountFeed): void {
    feed.close();
    const listening = this.feeds.get(accountId);
    listening?.delete(feed);
    if (listening?.size === 0) this.feeds.delete(accountId);
  }

  private onChange({ data }: AccountChanged): void {
    const listening = this.feeds.get(data.accountId);
    if (!listening) return;
    const { seq, type, timeMs, accountId } = data;
    // It may be somebody's no longer: the log is read anew in the name of each, and answers or refuses.
    if (type === 'account-updated') {
      for (const feed of listening) feed.catchUp();
      return;
    }
    const frame = accountFrame(
      accountId,
      { seq, type, time: toRfc3339(timeMs), data: data.data },
      this.count,
    );
    for (const feed of listening) feed.offer(seq, frame);
  }
}
