import 'reflect-metadata';
import { readSync, writeSync } from 'node:fs';
import type { EventBus } from '../../../src/kernel/events.js';
import type { Database } from '../../../src/platform/database/database.service.js';
import type { AccountState } from '../../../src/trading/accounts/account-state.js';
import type { JournalEvent } from '../../../src/trading/desk/journal.js';
import type { DeskState } from '../../../src/trading/desk/desk-state.js';
import type { Defect, FromServer, StateHashes, Stop, StoppedAt, ToServer } from './stops.js';

/**
 * Loaded by the harness into the built server before its own first line (`node --import`): holds it still at named
 * places, shows hashes of its memory, builds a defect in, and has an opinion for strategies to act on. The server
 * itself knows nothing of all this and has no way to ask for it.
 */
const built = process.env.CRASH_BUILD!;
const defect = (process.env.CRASH_DEFECT ?? null) as Defect | null;
const opinionMs = Number(process.env.CRASH_OPINION_MS ?? 0);
/** The harness listens and answers here; both ends are read and written as a file, so that nothing else goes on meanwhile. */
const line = 4;

interface DeskInside {
  readonly partitions: readonly { readonly desk: DeskState }[];
  readonly events: EventBus;
  publish(events: readonly JournalEvent[]): void;
}

const load = (path: string): Promise<any> => import(new URL(path, built).href);
const { DeskRepository } = await load('trading/desk/desk.repository.js');
const { Desk } = await load('trading/desk/desk.service.js');
const { VenueAct } = await load('trading/desk/booking.js');
const { OrdersService } = await load('trading/orders/orders.service.js');
const { InProcessEventBus } = await load('platform/events/in-process-event-bus.service.js');
const { stateHash } = (await load('trading/accounts/state-hash.js')) as {
  stateHash(a: AccountState): string;
};

let armed: Stop | null = null;
const server: { desk: DeskInside | null } = { desk: null };

function say(message: FromServer): void {
  process.send!(message);
}

function hashes(): StateHashes {
  const accounts =
    server.desk?.partitions.flatMap((partition) => [...partition.desk.accounts.values()]) ?? [];
  // A trailing trigger moves without an event: a state with one belongs to no single place of the log.
  const placed = accounts.filter(({ open }) => [...open.all()].every(({ terms }) => terms.trailing === null));
  return Object.fromEntries(
    placed.map((account) => [account.id, { seq: account.seq, hash: stateHash(account) }]),
  );
}

/** Stands still, the whole process, until the harness lets go, which it may never do. */
function stopAt(stop: Stop): void {
  if (armed !== stop) return;
  armed = null;
  // In the middle of a fill memory is between two states and has no hash.
  const message: StoppedAt = { stoppedAt: stop, hashes: stop === 'before-publish' ? hashes() : null };
  writeSync(line, `${JSON.stringify(message)}\n`);
  const go = Buffer.alloc(1);
  for (;;) {
    try {
      readSync(line, go);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Puts `around` in place of a method. Throws when there is none of that name: a stop that is never reached proves nothing. */
function wrap(
  of: any,
  name: string,
  around: (original: (...args: any[]) => any) => (...args: any[]) => any,
): void {
  const original = of.prototype[name];
  if (typeof original !== 'function')
    throw new Error(`${of.name} has no ${name}: the harness must follow the code`);
  of.prototype[name] = around(original);
}

/** The repository with another way to the database. */
const over = (repository: object, database: Pick<Database, 'query'>): object =>
  Object.create(repository, { database: { value: database } });
const turn = (ms: number): Promise<void> => new Promise((resume) => setTimeout(resume, ms));

wrap(DeskRepository, 'commit', (commit) => {
  async function stored(this: any, journal: any): Promise<void> {
    if (journal.newOrders.size > 0) stopAt('before-insert');
    const held = armed === 'before-commit' && journal.newOrders.size > 0;
    if (!held && defect !== 'synchronous-commit-off') return commit.call(this, journal);
    await this.database.transaction(async (tx: any) => {
      if (defect === 'synchronous-commit-off') await tx.query('SET LOCAL synchronous_commit = off');
      await commit.call(over(this, tx), journal);
      if (held) stopAt('before-commit');
    });
  }
  if (defect === 'acknowledge-before-commit') {
    const behind = new WeakMap<object, Promise<void>>();
    return async function (this: any, journal: any) {
      const before = behind.get(this) ?? Promise.resolve();
      behind.set(
        this,
        before
          .then(() => turn(20))
          .then(() => stored.call(this, journal))
          .catch(() => undefined),
      );
    };
  }
  if (defect === 'publish-before-commit') {
    return async function (this: any, journal: any) {
      server.desk!.publish(journal.events);
      await turn(20);
      return stored.call(this, journal);
    };
  }
  return stored;
});
if (defect === 'in-memory-dedupe-only') wrap(DeskRepository, 'firstOrders', () => async () => new Map());

wrap(
  VenueAct,
  'fill',
  (fill) =>
    function (this: unknown, ...args) {
      fill.apply(this, args);
      stopAt('after-fill');
    },
);
wrap(
  InProcessEventBus,
  'publish',
  (publish) =>
    function (this: unknown, event: { type: string }) {
      if (event.type === 'trading.account-changed') stopAt('before-publish');
      return publish.call(this, event);
    },
);
wrap(
  OrdersService,
  'submit',
  (submit) =>
    async function (this: unknown, command: { strategyId?: string }) {
      const answer = await submit.call(this, command);
      if (command.strategyId === undefined) stopAt('before-reply');
      return answer;
    },
);
wrap(
  Desk,
  'onModuleInit',
  (init) =>
    async function (this: DeskInside) {
      await init.call(this);
      Object.assign(server, { desk: this });
      say({ started: hashes() });
      if (opinionMs > 0) setInterval(() => haveAnOpinion(this), opinionMs).unref();
    },
);

let ups = 0;
/** For and against in turns, so that strategies enter and leave all the time. */
function haveAnOpinion({ events, partitions }: DeskInside): void {
  const market = partitions[0].desk.sessions.get('live');
  ups += 1;
  const up = ups % 2 === 0;
  for (const instrument of ['BTC-USD.SIM', 'ETH-USD.SIM']) {
    const mark = market?.known(instrument)?.mark ?? null;
    if (mark === null) continue;
    const timeMs = Date.now();
    void events.publish({
      type: 'ml.prediction-made',
      key: `live:${instrument}:1m`,
      timeMs,
      session: 'live',
      data: {
        instrument,
        timeframe: '1m',
        candleTimeMs: timeMs,
        close: mark.toString(),
        horizon: 100_000,
        probabilityUp: up ? 0.95 : 0.05,
        expectedReturn: up ? 0.05 : -0.05,
        expectedVolatility: 0.005,
        trustOk: true,
        trustReasons: [],
        model: 'coin',
        modelVersion: '1',
      },
    });
  }
}

// Without its harness the server has nothing to live for; leaving so ends its database too.
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToServer) => {
  if ('arm' in message) armed = message.arm;
  else say({ hashes: hashes() });
});
