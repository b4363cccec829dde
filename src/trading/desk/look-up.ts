import { liveSession } from '../../kernel/events.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import type { AccountState } from '../accounts/account-state.js';
import { type Command, isUrgent } from './commands.js';
import type { DeskState } from './desk-state.js';
import type { DeskStore } from './desk-store.js';

/** What the desk needs from the market module, asked before commands are run and never while they are. */
export interface DeskFeeds {
  instrument(id: string): TradedInstrument | null;
  /** Makes `instrument` answer for these ids as of now; answers those it could not be done for, with the reason. */
  renew(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, unknown>>;
  /** Looks up a live price for an instrument that has shown none yet. */
  prime(market: SessionMarket, instrument: string): Promise<void>;
}

/** The instruments without whose rules a command is not done. */
export function instrumentsOf(command: Command, desk: Pick<DeskState, 'accounts'>): string[] {
  const named = namedIn(command, desk);
  // A market batch must not be lost for the sake of another market, nor a cancel, a halt or what is due for any.
  if (command.kind === 'market' || isUrgent(command)) return named;
  return [...named, ...awaitedBy(command, desk)];
}

/** Instruments it may come to need besides and that nobody has read yet; it is done without if they cannot be read. */
function* wantedBy(command: Command, desk: DeskState): Generator<string> {
  if (command.kind !== 'market' && !isUrgent(command)) return;
  for (const id of awaitedBy(command, desk)) if (desk.instrument(id) === null) yield id;
  for (const account of accountsOf(command, desk)) {
    // What waits for an entry in another market.
    for (const { terms } of account.open.linked()) {
      if (desk.instrument(terms.instrument) === null) yield terms.instrument;
    }
  }
}

/** What arrives meanwhile needs its rules too. */
function* awaitedBy(command: Command, desk: Pick<DeskState, 'accounts'>): Generator<string> {
  for (const account of accountsOf(command, desk)) {
    for (const { terms } of account.open.awaited()) yield terms.instrument;
  }
}

function accountsOf(command: Command, { accounts }: Pick<DeskState, 'accounts'>): Iterable<AccountState> {
  if (!('accountId' in command)) return accounts.values();
  const account = accounts.get(command.accountId);
  return account === undefined ? [] : [account];
}

function namedIn(command: Command, desk: Pick<DeskState, 'accounts'>): string[] {
  switch (command.kind) {
    case 'market':
      return [command.data.instrument];
    case 'place':
      return [command.content.instrument];
    case 'place-batch':
      return command.orders.map(({ content }) => content.instrument);
    case 'place-list':
      return command.list.members.map(({ content }) => content.instrument);
    case 'close-position':
      return [command.instrument];
    case 'amend': {
      const open = desk.accounts.get(command.accountId)?.open.get(command.orderId);
      return open === undefined ? [] : [open.terms.instrument];
    }
    default:
      return [];
  }
}

/** The client order ids a command would use. */
function namesOf(command: Command): string[] {
  if (command.kind === 'place') return command.clientOrderId === null ? [] : [command.clientOrderId];
  if (command.kind === 'place-batch') return command.orders.flatMap((order) => order.clientOrderId ?? []);
  if (command.kind !== 'place-list') return [];
  return command.list.members.flatMap(({ clientOrderId }) => clientOrderId ?? []);
}

/**
 * Asks outside what commands will need inside: rules of instruments, prices, orders known only to the database.
 * Answers the instruments nobody could ask about, with the reason; commands on others can be run. Throws when the
 * database does not answer.
 */
export async function lookUp(
  commands: readonly Command[],
  { desk, store, feeds }: { desk: DeskState; store: DeskStore; feeds: DeskFeeds },
): Promise<ReadonlyMap<string, unknown>> {
  const instruments = new Set<string>();
  const wanted: { accountId: string; clientOrderId: string }[] = [];
  for (const command of commands) {
    for (const instrument of instrumentsOf(command, desk)) instruments.add(instrument);
    for (const instrument of wantedBy(command, desk)) instruments.add(instrument);
    for (const clientOrderId of namesOf(command)) {
      const { accountId } = command as { accountId: string };
      if (!desk.recent.byClientOrderId(accountId, clientOrderId)) wanted.push({ accountId, clientOrderId });
    }
  }
  const unread = instruments.size > 0 ? await knowInstruments(instruments, { desk, feeds }) : allRead;
  if (wanted.length > 0) {
    const found = await store.firstOrders(wanted);
    for (const command of commands) {
      if (command.kind === 'place' && command.clientOrderId !== null) {
        command.stored = found.get(`${command.accountId} ${command.clientOrderId}`);
      }
      if (command.kind === 'place-batch') {
        for (const order of command.orders) {
          order.stored = found.get(`${order.accountId} ${order.clientOrderId ?? ''}`);
        }
      }
      if (command.kind === 'place-list') {
        const { accountId } = command;
        command.stored = new Map(
          namesOf(command).flatMap((name) => {
            const first = found.get(`${accountId} ${name}`);
            return first === undefined ? [] : [[name, first] as const];
          }),
        );
      }
    }
  }
  for (const command of commands) {
    if (command.kind !== 'cancel' && command.kind !== 'amend') continue;
    const { accountId, orderId } = command;
    if (desk.accounts.get(accountId)?.open.get(orderId) || desk.recent.get(accountId, orderId)) continue;
    command.stored = (await store.orderById(accountId, orderId))?.order;
  }
  return unread;
}

const allRead: ReadonlyMap<string, unknown> = new Map();

/** Rules and a first live price of these instruments; answers those it could not be done for, with the reason. */
export async function knowInstruments(
  ids: ReadonlySet<string>,
  { desk, feeds }: { desk: DeskState; feeds: DeskFeeds },
): Promise<ReadonlyMap<string, unknown>> {
  const unread = await feeds.renew(ids);
  const live = desk.sessions.get(liveSession);
  if (live === undefined) return unread;
  for (const id of ids) {
    if (!unread.has(id) && feeds.instrument(id) !== null && (live.known(id)?.mark ?? null) === null)
      await feeds.prime(live, id);
  }
  return unread;
}
