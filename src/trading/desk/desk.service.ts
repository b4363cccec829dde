import type { Decimal } from '../../kernel/decimal.js';
import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import type { MarketBatch, ReplayEnded, ReplayStarted } from '../../data/contract/events.js';
import type { PredictionMade } from '../../ml/contract/events.js';
import { type DomainEvent, EventBus, liveSession, type Subscription } from '../../kernel/events.js';
import { Ids } from '../../kernel/ids.js';
import { Log } from '../../kernel/log.js';
import type { Principal } from '../../kernel/principal.js';
import { Clock } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import { type Access, accessOf, includes } from '../accounts/account-access.js';
import type { AccountState, SessionTools } from '../accounts/account-state.js';
import { stateHash } from '../accounts/state-hash.js';
import type { AccountChanged } from '../contract/events.js';
import { batchMax as ordersMax, type OrderCheck } from '../contract/orders.js';
import type { OrderContent } from '../orders/order-content.js';
import { equityOf } from '../risk/account-worth.js';
import { currency } from '../risk/shared-exposure.js';
import { SharedRisk } from '../risk/shared-risk.js';
import { SharedRiskRepository } from '../risk/shared-risk.repository.js';
import { TradingConfig } from '../trading.config.js';
import { TradingMetrics } from '../trading.metrics.js';
import { archived } from './account-life.js';
import type { AnswerOf, Command } from './commands.js';
import { deskAccount } from './desk-account.js';
import { type DeskAccount, DeskReads } from './desk-reads.js';
import { DeskRepository } from './desk.repository.js';
import { accountOf, type DeskState, marketOf, notGranted, unknownAccount } from './desk-state.js';
import { DueAlarm } from './due-alarm.adapter.js';
import { nextDueMs } from './due.js';
import { InstrumentCache } from './instrument-cache.service.js';
import type { JournalEvent } from './journal.js';
import { knowInstruments } from './look-up.js';
import { Partition } from './partition.js';
import { checkOrder } from './plan-order.js';

/** The desk of this process: its partitions, the market that reaches them, and the facts they publish. */
@Injectable()
export class Desk extends DeskReads implements OnModuleInit, BeforeApplicationShutdown {
  private readonly partitions: Partition[];
  private readonly subscriptions: Subscription[] = [];
  /** Entries published for a replay and not yet handled by everybody; its next step waits for them. */
  private readonly publishing = new Map<string, Set<Promise<void>>>();
  private readonly live: SessionTools;
  /** Called when every partition has dealt with what the live market did. */
  liveMarketMoved: () => void = () => undefined;
  /** Limits and latch over all accounts, as every partition reads them. */
  readonly shared: SharedRisk;
  readonly sharedRows: SharedRiskRepository;
  /** Orders of the live market end by the clock, whether or not anything else happens. */
  private readonly alarm: DueAlarm;

  constructor(
    database: Database,
    private readonly events: EventBus,
    private readonly clock: Clock,
    ids: Ids,
    log: Log,
    config: TradingConfig,
    private readonly feeds: InstrumentCache,
    metrics: TradingMetrics,
  ) {
    super();
    this.shared = new SharedRisk(() => this.liveAccounts());
    this.sharedRows = new SharedRiskRepository(database);
    this.live = { session: liveSession, clock, ids, shared: this.shared };
    this.alarm = new DueAlarm(clock, (nowMs) => this.clockRings(nowMs));
    const process = ids.next();
    this.partitions = Array.from({ length: config.partitions }, (_, n) => {
      const mark = `desk ${process} ${n}`;
      const owns = (accountId: string): boolean => this.numberOf(accountId) === n;
      return new Partition({
        store: new DeskRepository(database, { mark, owns }),
        feeds,
        clock,
        live: this.live,
        log: log.of('trading'),
        watch: metrics,
        publish: (committed) => this.publish(committed),
        loaded: () => this.alarm.at(this.nextDueMs()),
        pause: (ms) => new Promise((resume) => setTimeout(resume, ms)),
        turn: () => new Promise((resume) => setImmediate(resume)),
        queueMax: config.queueMax,
        batchMax: config.batchMax,
        // Orders of the batch being stored and of the open one are in no table yet: memory alone knows them.
        recentMax: Math.max(config.recentOrdersMax, 2 * (config.batchMax + ordersMax)),
      });
    });
    const sum = (of: (partition: Partition) => number): number =>
      this.partitions.reduce((total, partition) => total + of(partition), 0);
    metrics.observe({
      queueLength: () => sum((p) => p.queueLength),
      accounts: () => sum((p) => p.desk.accounts.size),
      recentOrders: () => sum((p) => p.desk.recent.size),
      openOrders: () =>
        sum((p) => [...p.desk.accounts.values()].reduce((total, account) => total + account.open.size, 0)),
    });
  }

  async onModuleInit(): Promise<void> {
    // Before anybody can place an order: a halt of yesterday still holds.
    this.shared.take(await this.sharedRows.load());
    for (const { desk } of this.partitions) marketOf(desk, liveSession);
    await Promise.all(this.partitions.map((partition) => partition.start()));
    const listen = <E extends DomainEvent>(
      type: E['type'],
      handle: (event: E) => Promise<void> | void,
    ): void => {
      this.subscriptions.push(this.events.subscribe<E>(type, 'trading.desk', handle));
    };
    listen<MarketBatch>('data.market-batch', (event) => this.marketMoved(event));
    listen<ReplayStarted>('data.replay-started', (event) => this.replayStarted(event));
    listen<ReplayEnded>('data.replay-ended', (event) => this.replayEnded(event));
    listen<PredictionMade>('ml.prediction-made', (event) => this.clockMoved(event));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.alarm.stop();
    for (const subscription of this.subscriptions.splice(0)) subscription.unsubscribe();
    await Promise.all(this.partitions.map((partition) => partition.stop()));
  }

  /** Queues a command at the account's writer; resolves when what it did is durable. */
  submit<C extends Exclude<Command, { kind: 'market' | 'clock' }>>(command: C): Promise<AnswerOf<C>> {
    return this.of(command.accountId).submit(command);
  }

  /** Every rule's verdict on an order; nothing happens. */
  async check(accountId: string, content: OrderContent, unnamed = false): Promise<OrderCheck> {
    const partition = this.of(accountId);
    const { desk } = partition;
    const unread = await knowInstruments(new Set([content.instrument]), { desk, feeds: this.feeds });
    for (const reason of unread.values()) throw reason;
    return partition.read((now) => checkOrder(now, accountId, content, unnamed));
  }

  /** Reads the committed state of the partition that holds the account. */
  read<T>(accountId: string, look: (desk: DeskState) => T): Promise<T> {
    return this.of(accountId).read(look);
  }

  /**
   * Whoever may not see the account does not know that there is one. Throws TRADING_ACCOUNT_UNKNOWN, and
   * TRADING_GRANT_TOO_LOW for one who sees it and may not go so far.
   */
  authorise(principal: Principal, accountId: string, needed: Access): void {
    const account = this.of(accountId).desk.accounts.get(accountId);
    const access = account === undefined ? null : accessTo(principal, account);
    if (access === null) throw unknownAccount(accountId);
    if (!includes(access, needed)) throw notGranted(access, needed);
  }

  /** Throws TRADING_ACCOUNT_ARCHIVED. The desk itself refuses what would reach its book. */
  requireInUse(accountId: string): void {
    const account = accountOf(this.of(accountId).desk, accountId);
    if (account.archivedAtMs !== null) throw archived(accountId);
  }

  /** Ids of the accounts a principal may see, oldest first; the archived ones only if asked for. */
  visibleTo(principal: Principal, { archived: also = false }: { archived?: boolean } = {}): string[] {
    return this.partitions
      .flatMap(({ desk }) => [...desk.accounts.values()])
      .filter((account) => also || account.archivedAtMs === null)
      .filter((account) => accessTo(principal, account) !== null)
      .map(({ id }) => id)
      .toSorted();
  }

  state({
    accountId,
    instruments = [],
  }: {
    accountId: string;
    instruments?: readonly string[];
  }): Promise<DeskAccount> {
    return this.read(accountId, (desk) => deskAccount(desk, accountOf(desk, accountId), instruments));
  }

  accountIds({ session }: { session?: string } = {}): string[] {
    return this.partitions
      .flatMap(({ desk }) => [...desk.accounts.values()])
      .filter((account) => session === undefined || account.session === session)
      .map(({ id }) => id)
      .toSorted();
  }

  /** What each live account is worth in US dollars; null while that cannot be told. */
  *liveEquities(): Generator<{ id: string; equity: Decimal | null }> {
    for (const { desk } of this.partitions) {
      const market = marketOf(desk, liveSession);
      for (const account of desk.accounts.values()) {
        if (account.session !== liveSession || account.archivedAtMs !== null) continue;
        const equity = equityOf(account, market);
        const rate = market.rate(account.terms.baseCurrency, currency);
        yield { id: account.id, equity: equity && rate && equity.times(rate) };
      }
    }
  }

  /** Are positions of any live account still being closed? */
  isFlattening(): boolean {
    for (const { memory } of this.liveAccounts()) if (memory.flattening) return true;
    return false;
  }

  sessionNowMs(session: string): number {
    if (session === liveSession) return this.clock.nowMs();
    return Math.max(0, ...this.partitions.map(({ desk }) => desk.sessions.get(session)?.nowMs ?? 0));
  }

  stateHash(accountId: string): Promise<string> {
    return this.read(accountId, (desk) => stateHash(accountOf(desk, accountId)));
  }

  private *liveAccounts(): Generator<AccountState> {
    for (const { desk } of this.partitions) {
      for (const account of desk.accounts.values()) if (account.session === liveSession) yield account;
    }
  }

  private of(accountId: string): Partition {
    return this.partitions[this.numberOf(accountId)];
  }

  private numberOf(accountId: string): number {
    let hash = 0;
    for (let n = 0; n < accountId.length; n += 1)
      hash = (Math.imul(hash, 31) + accountId.charCodeAt(n)) >>> 0;
    return hash % this.partitions.length;
  }

  private async marketMoved({ session, timeMs, data }: MarketBatch): Promise<void> {
    const replays = session !== liveSession;
    // A replay nobody here takes part in is somebody else's.
    const concerned = replays
      ? this.partitions.filter(({ desk }) => desk.sessions.has(session))
      : this.partitions;
    if (concerned.length === 0) return;
    if (replays) await this.handled(session);
    await Promise.all(concerned.map((p) => p.submit({ kind: 'market', session, timeMs, data })));
    if (replays) await this.handled(session);
    else this.liveMarketMoved();
  }

  private async replayStarted({ data }: ReplayStarted): Promise<void> {
    const { replayId, fromMs, seed, accounts } = data;
    const bound = await Promise.all(
      accounts.map(async (accountId, ordinal) => {
        if (!this.of(accountId).desk.accounts.has(accountId)) return false;
        return this.submit({ kind: 'bind', accountId, replayId, fromMs, seed, ordinal });
      }),
    );
    if (bound.includes(true)) this.publishing.set(replayId, new Set());
  }

  private async replayEnded({ data: { replayId } }: ReplayEnded): Promise<void> {
    await this.handled(replayId);
    const bound = this.accountIds({ session: replayId });
    await Promise.all(bound.map((accountId) => this.submit({ kind: 'release', accountId, replayId })));
    this.publishing.delete(replayId);
  }

  private clockMoved({ session, timeMs }: PredictionMade): void {
    if (session === liveSession) return;
    for (const { desk } of this.partitions) desk.sessions.get(session)?.advance(timeMs);
  }

  private async clockRings(nowMs: number): Promise<number> {
    await Promise.all(this.partitions.map((p) => p.submit({ kind: 'clock', session: liveSession, nowMs })));
    return this.nextDueMs();
  }

  private nextDueMs(): number {
    return Math.min(...this.partitions.map(({ desk }) => nextDueMs(desk, liveSession)));
  }

  private publish(committed: readonly JournalEvent[]): void {
    for (const { account, session, seq, type, timeMs, data } of committed) {
      const { id, terms } = account;
      if (session === liveSession) this.alarm.at(account.nextDueMs);
      const event: AccountChanged = {
        type: 'trading.account-changed',
        key: id,
        timeMs,
        session,
        data: { accountId: id, owner: terms.owner, seq, type, timeMs, data: data as Record<string, unknown> },
      };
      const handling = this.events.publish(event);
      const pending = this.publishing.get(session);
      if (pending === undefined) continue;
      pending.add(handling);
      void handling.finally(() => pending.delete(handling));
    }
  }

  /** Everybody has heard what a replay's accounts did so far, and what that made them do. */
  private async handled(session: string): Promise<void> {
    const pending = this.publishing.get(session);
    if (pending === undefined || pending.size === 0) return;
    await Promise.all(pending);
    await this.handled(session);
  }
}

function accessTo(principal: Principal, { terms, grants }: AccountState): Access | null {
  return accessOf(principal, { owner: terms.owner, grants });
}
