import { Problem } from '../../kernel/errors.js';
import { liveSession } from '../../kernel/events.js';
import type { Log } from '../../kernel/log.js';
import type { Clock } from '../../kernel/time.js';
import type { SessionTools } from '../accounts/account-state.js';
import { CommandQueue, sizeOf, type Waiting } from './command-queue.js';
import { type AnswerOf, type Command, type CommandKind, execute, isUrgent } from './commands.js';
import type { DeskState } from './desk-state.js';
import type { DeskStore } from './desk-store.js';
import { overloaded, unavailable } from './desk-problems.js';
import { Journal, type JournalEvent } from './journal.js';
import { type DeskFeeds, instrumentsOf, lookUp } from './look-up.js';
import { RecentOrders } from './recent-orders.js';
import { whatBecameOf } from './what-became.js';

/** What the partition tells whoever watches; none of it may throw. */
export interface DeskWatch {
  committed(batch: { commands: number; seconds: number; journal: Journal }): void;
  answered(answer: { kind: CommandKind; outcome: string; seconds: number }): void;
  reloaded(cause: 'start' | 'commit-failed' | 'fault'): void;
  refused(): void;
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
  /** Memory was read from the database: what is due in it is news, told by no entry. */
  readonly loaded: () => void;
  readonly pause: (ms: number) => Promise<void>;
  /** One turn of the event loop, in which whatever has arrived can join. */
  readonly turn: () => Promise<void>;
  readonly queueMax: number;
  readonly batchMax: number;
  readonly recentMax: number;
}

/** Commands that were run over memory together, and what they changed; stored together or not at all. */
class Batch {
  readonly journal = new Journal();
  readonly commands: Waiting[] = [];
  /** Of the commands; a batch of many orders is no small command. */
  size = 0;
  readonly outcomes: Outcome[] = [];
  /** Whoever looked at memory while these changes were in it; let go once they are stored. */
  readonly readers: Reader[] = [];
}

/**
 * The single writer of a set of accounts. Commands are run over memory by pure functions as they arrive, into the open
 * batch; as soon as the batch before is stored, the open one is written in one transaction, and only then is anybody
 * answered. So the database writes while the next batch is being worked out and the last one answered, and the more there
 * is to do, the larger the batches. Memory is a cache of the database: when a commit fails or its outcome is unknown, it is read again.
 */
export class Partition {
  readonly desk: DeskState;
  private readonly queue = new CommandQueue();
  private open = new Batch();
  private committing: Batch | null = null;
  /** Resolves when everybody was answered whose batch is stored. */
  private answered: Promise<void> = Promise.resolve();
  /** Why memory can no longer be trusted. */
  private broken: { readonly cause: unknown; readonly culprit?: Waiting } | null = null;
  /** The batch whose commit did not surely succeed. */
  private failed: Batch | null = null;
  /** Whoever wants to look while memory cannot be trusted. */
  private bystanders: Reader[] = [];
  private running: Promise<void> | null = null;
  private wake: () => void = () => undefined;
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

  /** Commands not stored yet. */
  get queueLength(): number {
    return this.queue.length + this.open.commands.length + (this.committing?.commands.length ?? 0);
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
    // Market batches and alarms are bounded by their sender, which waits for each; cancels always get through.
    const bounded = command.kind === 'market' || command.kind === 'clock' || isUrgent(command);
    if (this.queue.length >= this.parts.queueMax && !bounded) {
      this.parts.watch.refused();
      return Promise.reject(overloaded(this.queue.length));
    }
    const answer = new Promise<AnswerOf<C>>((resolve, reject) => {
      const queuedAtMs = this.parts.clock.monotonicMs();
      this.queue.push({ command, queuedAtMs, resolve: resolve as (answer: unknown) => void, reject });
    });
    this.running ??= this.run();
    this.wake();
    return answer;
  }

  /** Looks at memory now and answers when everything it saw is stored: at once, or with the batch at work. */
  async read<T>(look: (desk: DeskState) => T): Promise<T> {
    if (this.lost) throw unavailable('is reloading');
    if (this.broken === null) {
      const seen = look(this.desk);
      const dirty = this.open.journal.isEmpty ? this.committing : this.open;
      if (dirty === null) return seen;
      const stored = await new Promise<boolean>((resolve, reject) => dirty.readers.push({ resolve, reject }));
      if (stored) return seen;
    }
    // What it saw never came to be, or could not be trusted.
    if (this.broken !== null) {
      await new Promise<boolean>((resolve, reject) => this.bystanders.push({ resolve, reject }));
    }
    return this.read(look);
  }

  /** Takes no more commands and answers those that wait. */
  async stop(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async run(): Promise<void> {
    // One turn of the event loop, so that commands that arrive together travel together.
    await this.parts.turn();
    for (;;) {
      if (this.broken !== null && this.committing === null) await this.recover(this.broken);
      const room = this.broken === null ? this.parts.batchMax - this.open.size : 0;
      if (room > 0 && this.queue.length > 0) await this.workOff(this.queue.take(room));
      if (this.broken === null && this.committing === null && this.open.commands.length > 0)
        this.beginCommit();
      if (this.broken !== null && this.committing === null) continue;
      if (this.committing === null && this.queue.length === 0) break;
      const hasRoom = this.broken === null && this.open.size < this.parts.batchMax;
      if (hasRoom && this.queue.length > 0) await this.parts.turn();
      else await this.sleep();
    }
    this.running = null;
  }

  /** Until a command arrives or a commit ends. */
  private async sleep(): Promise<void> {
    await new Promise<void>((resume) => {
      this.wake = resume;
    });
    this.wake = () => undefined;
    await this.parts.turn();
  }

  /** Runs commands over memory, into the open batch. */
  private async workOff(taken: readonly Waiting[]): Promise<void> {
    const able = await this.answeredFor(taken);
    const { open } = this;
    for (const waiting of able) {
      // A commit that failed meanwhile took the ground away; these commands have done nothing yet and go back.
      open.commands.push(waiting);
      open.size += sizeOf(waiting.command);
      if (this.broken !== null) continue;
      try {
        open.outcomes.push(attempt(this.desk, waiting.command, open.journal));
      } catch (error) {
        this.broken = { cause: error, culprit: waiting };
      }
    }
  }

  /** Asks what the commands need to know. Those it was asked in vain for are told to ask again; answers the others. */
  private async answeredFor(taken: readonly Waiting[]): Promise<readonly Waiting[]> {
    const commands = taken.map(({ command }) => command);
    let unread: ReadonlyMap<string, unknown> | null = null;
    let error: unknown;
    try {
      unread = await lookUp(commands, { ...this.parts, desk: this.desk });
      if (unread.size === 0) return taken;
      [error] = unread.values();
    } catch (fault) {
      error = fault;
    }
    // Nothing has happened yet: only questions were asked.
    this.parts.log.error(
      { error, instruments: [...(unread?.keys() ?? [])] },
      'questions before a batch failed',
    );
    const able: Waiting[] = [];
    for (const waiting of taken) {
      const needs = instrumentsOf(waiting.command, this.desk);
      if (unread !== null && !needs.some((id) => unread.has(id))) able.push(waiting);
      else this.settle(waiting, { error: unavailable('could not look up what it needs') });
    }
    return able;
  }

  private beginCommit(): void {
    const batch = this.open;
    this.open = new Batch();
    if (batch.journal.isEmpty) {
      this.conclude(batch);
      return;
    }
    this.committing = batch;
    const startMs = this.parts.clock.monotonicMs();
    this.parts.store.commit(batch.journal).then(
      async () => {
        const seconds = (this.parts.clock.monotonicMs() - startMs) / 1000;
        this.parts.watch.committed({ commands: batch.commands.length, seconds, journal: batch.journal });
        await this.answered;
        this.committing = null;
        this.answered = this.answerAfterNext(batch);
        this.wake();
      },
      async (error: unknown) => {
        await this.answered;
        this.broken = { cause: error };
        this.failed = batch;
        this.committing = null;
        this.wake();
      },
    );
  }

  /** The database gets its next batch first: it works while the answers of this one are written. */
  private async answerAfterNext(stored: Batch): Promise<void> {
    if (this.broken === null && this.open.commands.length > 0) {
      this.beginCommit();
      // Where it had nothing to store, nothing is gained by waiting.
      if (this.committing !== null) await this.parts.turn();
    }
    this.conclude(stored);
  }

  private conclude(batch: Batch): void {
    try {
      if (batch.journal.events.length > 0) this.parts.publish(batch.journal.events);
    } catch (error) {
      // It is stored, so its callers must hear of it, whatever became of those who listen.
      this.parts.log.error({ error }, 'committed events could not be published');
    }
    for (const { resolve } of batch.readers) resolve(true);
    for (const [n, waiting] of batch.commands.entries()) this.settle(waiting, batch.outcomes[n]);
  }

  /** Reads memory anew. What was sent is looked up, what was never sent is done again. */
  private async recover({ cause, culprit }: NonNullable<typeof this.broken>): Promise<void> {
    const { log, store, watch, pause } = this.parts;
    const sent = this.failed?.commands ?? [];
    const unsent = this.open;
    const readers = [...(this.failed?.readers ?? []), ...unsent.readers];
    this.failed = null;
    this.open = new Batch();
    log.error(
      { error: cause, commands: sent.length },
      'a batch was not surely stored; reading the accounts again',
    );
    for (let attempts = 0; ; attempts += 1) {
      try {
        await store.settle();
        await this.load();
        break;
      } catch (error) {
        // Callers must not hang for as long as a database may be away.
        if (attempts === 0) this.giveUp([...sent, ...unsent.commands], readers);
        log.error({ error, attempts }, 'the accounts cannot be read; trying again');
        await pause(Math.min(2_000, 50 * 2 ** Math.min(attempts, 10)));
      }
    }
    const wasLost = this.lost;
    this.lost = false;
    this.broken = null;
    watch.reloaded(culprit === undefined ? 'commit-failed' : 'fault');
    for (const { resolve } of [...readers, ...this.bystanders.splice(0)]) resolve(false);
    if (wasLost) return;
    // A command that broke a promise of the code would break it again.
    if (culprit !== undefined) this.settle(culprit, { error: cause });
    this.queue.putBack(unsent.commands.filter((waiting) => waiting !== culprit));
    for (const waiting of sent) this.settle(waiting, await this.whatBecameOf(waiting.command));
  }

  private giveUp(commands: readonly Waiting[], readers: readonly Reader[]): void {
    this.lost = true;
    const waiting = [...commands, ...this.queue.clear()];
    for (const each of waiting) this.settle(each, { error: unavailable('lost its database') });
    for (const { reject } of [...readers, ...this.bystanders.splice(0)])
      reject(unavailable('lost its database'));
  }

  private async whatBecameOf(command: Command): Promise<Outcome> {
    const unknown = (): Problem => unavailable('had to read its accounts again');
    try {
      const answer = await whatBecameOf(command, this.parts.store, unknown);
      if (answer !== null) return { answer };
    } catch (error) {
      this.parts.log.error({ error }, 'an order could not be looked up after a reload');
    }
    return { error: unknown() };
  }

  private async load(): Promise<void> {
    const tools = new Map([...this.desk.accounts].map(([id, account]) => [id, account.tools]));
    const loaded = await this.parts.store.load((accountId, session) => {
      const known = tools.get(accountId);
      if (known?.session === session) return known;
      return session === liveSession ? this.parts.live : { ...this.parts.live, session };
    });
    // What was in memory and not stored came and went: it is no profit or loss.
    const { shared, clock } = this.parts.live;
    for (const id of tools.keys()) shared?.losses.left(id, clock.nowMs());
    this.desk.accounts.clear();
    this.desk.recent.clear();
    for (const account of loaded) {
      this.desk.accounts.set(account.id, account);
      for (const order of account.open.all()) this.desk.recent.add(order);
    }
    this.parts.loaded();
  }

  private settle({ command, queuedAtMs, resolve, reject }: Waiting, outcome: Outcome): void {
    const seconds = (this.parts.clock.monotonicMs() - queuedAtMs) / 1000;
    this.parts.watch.answered({ kind: command.kind, outcome: outcomeName(command, outcome), seconds });
    if ('error' in outcome) reject(outcome.error);
    else resolve(outcome.answer);
  }
}

interface Reader {
  /** Whether what was seen came to be stored. */
  readonly resolve: (stored: boolean) => void;
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

function outcomeName(command: Command, outcome: Outcome): string {
  if ('error' in outcome) return outcome.error instanceof Problem ? 'refused' : 'failed';
  if (command.kind !== 'place' && command.kind !== 'close-position') return 'done';
  const answer = outcome.answer as AnswerOf<Command & { kind: 'place' }>;
  if ('problem' in answer) return answer.replayed ? 'replayed' : 'denied';
  return answer.answer.replayed ? 'replayed' : answer.answer.order.status;
}
