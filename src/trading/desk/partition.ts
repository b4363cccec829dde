import { Problem } from '../../kernel/errors.js';
import { liveSession } from '../../kernel/events.js';
import { InvariantViolation } from '../../kernel/invariant.js';
import type { Log } from '../../kernel/log.js';
import type { Clock } from '../../kernel/time.js';
import type { SessionTools } from '../accounts/account-state.js';
import { tradingProblem } from '../contract/errors.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { denialProblem } from '../risk/risk-gate.js';
import { CommandQueue, type Waiting } from './command-queue.js';
import { type AnswerOf, type Command, type CommandKind, execute, isUrgent } from './commands.js';
import type { DeskState } from './desk-state.js';
import type { DeskStore } from './desk-store.js';
import { Journal, type JournalEvent } from './journal.js';
import type { FirstOrder } from './place-order.js';
import { RecentOrders } from './recent-orders.js';

/** What the partition tells whoever watches; none of it may throw. */
export interface DeskWatch {
  committed(batch: { commands: number; seconds: number; journal: Journal }): void;
  answered(answer: { kind: CommandKind; outcome: string; seconds: number }): void;
  reloaded(cause: 'start' | 'commit-failed' | 'fault'): void;
  refused(): void;
}

/** What the partition needs from the market module, asked before a batch and never inside it. */
export interface DeskFeeds {
  instrument(id: string): TradedInstrument | null;
  /** Makes `instrument` answer for these ids as of now. */
  refresh(ids: ReadonlySet<string>): Promise<void>;
  /** Looks up a live price for an instrument that has shown none yet. */
  prime(market: SessionMarket, instrument: string): Promise<void>;
}

export interface PartitionParts {
  readonly store: DeskStore;
  readonly feeds: DeskFeeds;
  readonly clock: Clock;
  readonly live: SessionTools;
  readonly log: Log;
  readonly watch: DeskWatch;
  /** Committed entries, in order; called once per commit and before the next batch begins. */
  readonly publish: (events: readonly JournalEvent[]) => void;
  readonly pause: (ms: number) => Promise<void>;
  readonly queueMax: number;
  readonly batchMax: number;
  readonly recentMax: number;
}

/**
 * The single writer of a set of accounts. All waiting commands are taken together, pure functions run over memory,
 * what the whole batch changed is written in one transaction, and only then is anybody answered.
 * Memory is a cache of the database: when a commit fails or its outcome is unknown, it is thrown away and read again.
 */
export class Partition {
  readonly desk: DeskState;
  private readonly queue = new CommandQueue();
  private readonly readers: Reader[] = [];
  private running: Promise<void> | null = null;
  private committing = false;
  /** The database cannot be read back: nothing is known, so nothing is taken. */
  private lost = false;
  private closed = false;

  constructor(private readonly parts: PartitionParts) {
    this.desk = {
      accounts: new Map(),
      sessions: new Map(),
      recent: new RecentOrders(parts.recentMax),
      live: parts.live,
      instrument: (id) => parts.feeds.instrument(id),
    };
  }

  get queueLength(): number {
    return this.queue.length;
  }

  /** Reads every account from the database. Accounts of a replay that died with an earlier process come back to live. */
  async start(): Promise<void> {
    await this.load();
    this.parts.watch.reloaded('start');
    const stranded = [...this.desk.accounts.values()].filter((account) => account.session !== liveSession);
    await Promise.all(
      stranded.map(({ id }) => this.submit({ kind: 'release', accountId: id, replayId: null })),
    );
  }

  /** Throws TRADING_OVERLOADED when too much waits, TRADING_UNAVAILABLE while the database cannot be read. */
  submit<C extends Command>(command: C): Promise<AnswerOf<C>> {
    if (this.lost || this.closed)
      return Promise.reject(unavailable(this.closed ? 'is stopping' : 'is reloading'));
    // Market batches are bounded by their sender, which waits for each; cancels always get through.
    if (this.queue.length >= this.parts.queueMax && command.kind !== 'market' && !isUrgent(command)) {
      this.parts.watch.refused();
      return Promise.reject(overloaded(this.queue.length));
    }
    const answer = new Promise<AnswerOf<C>>((resolve, reject) => {
      const queuedAtMs = this.parts.clock.monotonicMs();
      this.queue.push({ command, queuedAtMs, resolve: resolve as (answer: unknown) => void, reject });
    });
    this.running ??= this.run();
    return answer;
  }

  /** Reads committed state: at once, or as soon as the batch that is being written is stored. */
  async read<T>(look: (desk: DeskState) => T): Promise<T> {
    if (this.lost) throw unavailable('is reloading');
    if (this.committing) await new Promise<void>((resume, reject) => this.readers.push({ resume, reject }));
    // A batch may have begun between being let in and coming here.
    return this.committing ? this.read(look) : look(this.desk);
  }

  /** Takes no more commands and answers those that wait. */
  async stop(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async run(): Promise<void> {
    // One turn of the event loop, so that commands that arrive together travel together.
    await new Promise((resume) => setImmediate(resume));
    while (this.queue.length > 0) {
      await this.process(this.queue.take(this.parts.batchMax));
    }
    this.running = null;
  }

  private async process(batch: Waiting[]): Promise<void> {
    try {
      await this.prepare(batch.map(({ command }) => command));
    } catch (error) {
      // Nothing has happened yet: only questions were asked.
      this.parts.log.error(
        { error },
        'the questions before a batch failed; its callers are told to ask again',
      );
      for (const waiting of batch)
        this.settle(waiting, { error: unavailable('could not look up what it needs') });
      return;
    }
    const journal = new Journal();
    const outcomes: Outcome[] = [];
    this.committing = true;
    try {
      for (const { command } of batch) outcomes.push(attempt(this.desk, command, journal));
      if (!journal.isEmpty) {
        const startMs = this.parts.clock.monotonicMs();
        await this.parts.store.commit(journal);
        const seconds = (this.parts.clock.monotonicMs() - startMs) / 1000;
        this.parts.watch.committed({ commands: batch.length, seconds, journal });
      }
    } catch (error) {
      await this.recover(batch, error);
      return;
    }
    if (journal.events.length > 0) this.parts.publish(journal.events);
    this.letReadersIn();
    for (const [n, waiting] of batch.entries()) this.settle(waiting, outcomes[n]);
  }

  /** Asks outside what the batch will need inside: rules of instruments, prices, orders known only to the database. */
  private async prepare(commands: readonly Command[]): Promise<void> {
    const { desk, parts } = this;
    const instruments = new Set<string>();
    const wanted: { accountId: string; clientOrderId: string }[] = [];
    for (const command of commands) {
      if (command.kind === 'market') instruments.add(command.data.instrument);
      if (command.kind !== 'place') continue;
      instruments.add(command.content.instrument);
      const { accountId, clientOrderId } = command;
      if (clientOrderId !== null && !desk.recent.byClientOrderId(accountId, clientOrderId)) {
        wanted.push({ accountId, clientOrderId });
      }
    }
    if (instruments.size > 0) await this.knowInstruments(instruments);
    if (wanted.length > 0) {
      const found = await parts.store.firstOrders(wanted);
      for (const command of commands) {
        if (command.kind !== 'place' || command.clientOrderId === null) continue;
        command.stored = found.get(`${command.accountId} ${command.clientOrderId}`);
      }
    }
    for (const command of commands) {
      if (command.kind !== 'cancel') continue;
      const { accountId, orderId } = command;
      if (desk.accounts.get(accountId)?.open.get(orderId) || desk.recent.get(accountId, orderId)) continue;
      command.stored = (await parts.store.orderById(accountId, orderId))?.order;
    }
  }

  /** Rules and a first live price of these instruments, as a batch or a check needs them. */
  async knowInstruments(ids: ReadonlySet<string>): Promise<void> {
    const { feeds } = this.parts;
    await feeds.refresh(ids);
    const live = this.desk.sessions.get(liveSession);
    if (live === undefined) return;
    for (const id of ids) {
      if (feeds.instrument(id) !== null && (live.known(id)?.mark ?? null) === null)
        await feeds.prime(live, id);
    }
  }

  private async recover(batch: readonly Waiting[], cause: unknown): Promise<void> {
    const { log, store, watch, pause } = this.parts;
    log.error(
      { error: cause, commands: batch.length },
      'a batch was not surely stored; reading the accounts again',
    );
    for (let attempts = 0; ; attempts += 1) {
      try {
        await store.settle();
        await this.load();
        break;
      } catch (error) {
        if (attempts === 0) {
          // Callers must not hang for as long as a database may be away.
          this.lost = true;
          for (const waiting of batch) this.settle(waiting, { error: unavailable('lost its database') });
          for (const waiting of this.queue.take(Number.MAX_SAFE_INTEGER)) {
            this.settle(waiting, { error: unavailable('lost its database') });
          }
          for (const { reject } of this.readers.splice(0)) reject(unavailable('lost its database'));
        }
        log.error({ error, attempts }, 'the accounts cannot be read; trying again');
        await pause(Math.min(2_000, 50 * 2 ** Math.min(attempts, 10)));
      }
    }
    const wasLost = this.lost;
    this.lost = false;
    watch.reloaded(cause instanceof InvariantViolation ? 'fault' : 'commit-failed');
    this.letReadersIn();
    if (wasLost) return;
    for (const waiting of batch) this.settle(waiting, await this.whatBecameOf(waiting.command));
  }

  /** After a reload: an order that is stored was placed; of anything else nobody can say. */
  private async whatBecameOf(command: Command): Promise<Outcome> {
    if (command.kind === 'place' && command.orderId !== undefined) {
      try {
        const found = await this.parts.store.orderById(command.accountId, command.orderId);
        if (found !== null) return { answer: outcomeOf(found) };
      } catch (error) {
        this.parts.log.error({ error }, 'an order could not be looked up after a reload');
      }
    }
    return { error: unavailable('had to read its accounts again') };
  }

  private async load(): Promise<void> {
    const tools = new Map([...this.desk.accounts].map(([id, account]) => [id, account.tools]));
    const loaded = await this.parts.store.load((accountId, session) => {
      const known = tools.get(accountId);
      if (known?.session === session) return known;
      return session === liveSession ? this.parts.live : { ...this.parts.live, session };
    });
    this.desk.accounts.clear();
    this.desk.recent.clear();
    for (const account of loaded) {
      this.desk.accounts.set(account.id, account);
      for (const order of account.open.all()) this.desk.recent.add(order);
    }
  }

  private letReadersIn(): void {
    this.committing = false;
    for (const { resume } of this.readers.splice(0)) resume();
  }

  private settle({ command, queuedAtMs, resolve, reject }: Waiting, outcome: Outcome): void {
    const seconds = (this.parts.clock.monotonicMs() - queuedAtMs) / 1000;
    this.parts.watch.answered({ kind: command.kind, outcome: outcomeName(command, outcome), seconds });
    if ('error' in outcome) reject(outcome.error);
    else resolve(outcome.answer);
  }
}

interface Reader {
  readonly resume: () => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly answer: unknown } | { readonly error: unknown };

/** A problem is an answer; anything else thrown means that memory may be half-changed, so the batch must go. */
function attempt(desk: DeskState, command: Command, journal: Journal): Outcome {
  try {
    return { answer: execute(desk, command, journal) };
  } catch (error) {
    if (error instanceof Problem) return { error };
    throw error;
  }
}

function outcomeOf({ order, denial }: FirstOrder): AnswerOf<Command & { kind: 'place' }> {
  return denial === null ? { answer: { order, replayed: false } } : { problem: denialProblem(denial) };
}

function outcomeName(command: Command, outcome: Outcome): string {
  if ('error' in outcome) return outcome.error instanceof Problem ? 'refused' : 'failed';
  if (command.kind !== 'place') return 'done';
  const answer = outcome.answer as AnswerOf<Command & { kind: 'place' }>;
  if ('problem' in answer) return 'denied';
  return answer.answer.replayed ? 'replayed' : answer.answer.order.status;
}

function overloaded(length: number): Problem {
  return tradingProblem('TRADING_OVERLOADED', {
    detail: `${length} commands wait for this desk and it takes no more now; send again in a moment`,
    retryAfterSeconds: 1,
  });
}

function unavailable(what: string): Problem {
  return tradingProblem('TRADING_UNAVAILABLE', {
    detail:
      `the desk ${what}; whether this command took effect is not known: ` +
      'ask for the order by its client order id, or send it again under the same one',
    retryAfterSeconds: 1,
  });
}
