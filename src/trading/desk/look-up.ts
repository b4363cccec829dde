import { liveSession } from '../../kernel/events.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import type { Command } from './commands.js';
import type { DeskState } from './desk-state.js';
import type { DeskStore } from './desk-store.js';

/** What the desk needs from the market module, asked before commands are run and never while they are. */
export interface DeskFeeds {
  instrument(id: string): TradedInstrument | null;
  /** Makes `instrument` answer for these ids as of now. */
  refresh(ids: ReadonlySet<string>): Promise<void>;
  /** Looks up a live price for an instrument that has shown none yet. */
  prime(market: SessionMarket, instrument: string): Promise<void>;
}

/** Asks outside what commands will need inside: rules of instruments, prices, orders known only to the database. */
export async function lookUp(
  commands: readonly Command[],
  { desk, store, feeds }: { desk: DeskState; store: DeskStore; feeds: DeskFeeds },
): Promise<void> {
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
  if (instruments.size > 0) await knowInstruments(instruments, { desk, feeds });
  if (wanted.length > 0) {
    const found = await store.firstOrders(wanted);
    for (const command of commands) {
      if (command.kind !== 'place' || command.clientOrderId === null) continue;
      command.stored = found.get(`${command.accountId} ${command.clientOrderId}`);
    }
  }
  for (const command of commands) {
    if (command.kind !== 'cancel') continue;
    const { accountId, orderId } = command;
    if (desk.accounts.get(accountId)?.open.get(orderId) || desk.recent.get(accountId, orderId)) continue;
    command.stored = (await store.orderById(accountId, orderId))?.order;
  }
}

/** Rules and a first live price of these instruments. */
export async function knowInstruments(
  ids: ReadonlySet<string>,
  { desk, feeds }: { desk: DeskState; feeds: DeskFeeds },
): Promise<void> {
  await feeds.refresh(ids);
  const live = desk.sessions.get(liveSession);
  if (live === undefined) return;
  for (const id of ids) {
    if (feeds.instrument(id) !== null && (live.known(id)?.mark ?? null) === null) await feeds.prime(live, id);
  }
}
