import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import type { CandleClosed, ReplayEnded } from '../../data/contract/events.js';
import { Decimal } from '../../kernel/decimal.js';
import { type DomainEvent, EventBus, liveSession, type Subscription } from '../../kernel/events.js';
import { Log } from '../../kernel/log.js';
import { minuteMs } from '../../kernel/time.js';
import type { AccountChanged } from '../contract/events.js';
import { type DeskAccount, DeskReads } from '../desk/desk-reads.js';
import { valuationOf } from './account-valuation.js';
import type { EquityDay } from './equity-days.js';
import { EquityPoints } from './equity-points.service.js';
import type { Sighting } from './equity-track.js';

/** An account is looked at once per span of its session's time. */
const lookEveryMs = minuteMs;

/**
 * Looks at every account when its session enters another minute, and keeps what it is worth.
 * The look is taken when the candle is announced, before anybody acts on it: a strategy's order caused by the same
 * candle always lies after the point, in every run.
 */
@Injectable()
export class EquityRecorder implements OnModuleInit, BeforeApplicationShutdown {
  private readonly subscriptions: Subscription[] = [];
  /** Newest span seen, by session with accounts here; a replay's is forgotten at its end. */
  private readonly spans = new Map<string, number>();
  private readonly looking = new Set<Promise<void>>();
  private readonly log: Log;

  constructor(
    private readonly desk: DeskReads,
    private readonly points: EquityPoints,
    private readonly events: EventBus,
    log: Log,
  ) {
    this.log = log.of('trading.portfolio');
  }

  onModuleInit(): void {
    const listen = <E extends DomainEvent>(
      type: E['type'],
      hear: (event: E) => Promise<void> | void,
    ): void => {
      this.subscriptions.push(this.events.subscribe<E>(type, 'trading.portfolio', hear));
    };
    listen<CandleClosed>('data.candle-closed', (event) => this.candleClosed(event));
    listen<ReplayEnded>('data.replay-ended', ({ data }) => this.replayEnded(data.replayId));
    listen<AccountChanged>('trading.account-changed', ({ data }) => this.accountChanged(data));
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const subscription of this.subscriptions.splice(0)) subscription.unsubscribe();
    await this.settled();
  }

  /** Everything seen so far is stored, or the database is away. */
  async settled(): Promise<void> {
    await Promise.all(this.looking);
    await this.points.flush();
  }

  /** The account as it stands: what its next point would be, and its drawdown as `PortfolioView` has it. */
  async now(account: DeskAccount): Promise<{ day: EquityDay; drawdown: number | null }> {
    const sighting = sightingOf(account, account.nowMs);
    const track = await this.points.track(account.accountId);
    const { timeMs, session, equity } = sighting;
    const day = { timeMs, session, equity: equity.toFloat(), flow: track.flow(sighting).toFloat() };
    return { day, drawdown: track.drawdown(sighting) };
  }

  private candleClosed({ session, timeMs }: CandleClosed): Promise<void> | void {
    const span = Math.floor(timeMs / lookEveryMs);
    if (span <= (this.spans.get(session) ?? Number.NEGATIVE_INFINITY)) return undefined;
    const ids = this.desk.accountIds({ session });
    if (ids.length === 0) return undefined;
    this.spans.set(session, span);
    return this.look(ids, { session, timeMs });
  }

  private async replayEnded(session: string): Promise<void> {
    this.spans.delete(session);
    // Asked at once, for the desk gives the accounts back to the live market on hearing the same.
    await this.look(this.desk.accountIds({ session }), { session });
    await this.settled();
  }

  private accountChanged({ accountId, type, seq, timeMs, data }: AccountChanged['data']): void {
    if (type === 'transfer') this.points.transferred(accountId, seq, data);
    if (type === 'account-reset') void this.points.reset(accountId, seq);
    // Not waited for: the desk publishes before it lets readers in.
    if (type === 'account-created' || type === 'account-reset')
      void this.look([accountId], { session: liveSession, timeMs, opens: true });
  }

  private look(
    ids: readonly string[],
    at: { session: string; timeMs?: number; opens?: boolean },
  ): Promise<void> {
    // All readings are asked for before the first is awaited: the desk answers readers before it takes more commands.
    const readings = ids.map((accountId) => this.desk.state({ accountId }));
    const looks = readings.map(async (reading) => {
      try {
        const account = await reading;
        if (account.session !== at.session || account.archivedAtMs !== null) return;
        const sighting = sightingOf(account, at.timeMs ?? account.nowMs);
        if (at.opens) await this.points.open(account.accountId, sighting);
        else await this.points.add(account.accountId, sighting);
      } catch (error) {
        this.log.warn({ error }, 'an account could not be looked at for its equity curve');
      }
    });
    const look = Promise.all(looks).then(() => void this.looking.delete(look));
    this.looking.add(look);
    return look;
  }
}

function sightingOf(account: DeskAccount, timeMs: number): Sighting {
  const { equity, prices, gains } = valuationOf(account);
  return {
    timeMs,
    session: account.session,
    seq: account.seq,
    equity,
    counted: { ledgerSeq: account.ledgerSeq, prices, gains },
    rateOf: (asset) => (asset === account.baseCurrency ? Decimal.one : (account.rates.get(asset) ?? null)),
  };
}
