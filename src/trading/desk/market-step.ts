import { Decimal } from '../../kernel/decimal.js';
import { liveSession } from '../../kernel/events.js';
import type { MarketData } from '../marks/instrument-market.js';
import { type OrderRecord, trailOrder } from '../orders/order.js';
import { Liquidity } from '../venues/paper/liquidity.js';
import { marketEffects } from '../venues/paper/resting-orders.js';
import { actOn, type AtVenue, lookForMore, wake } from './at-venue.js';
import type { VenueAct } from './booking.js';
import { type DeskState, marketOf } from './desk-state.js';
import { runDue } from './due.js';
import type { Journal } from './journal.js';
import { notePrice, notePrices } from './note-prices.js';
import { watchRisk } from './risk-watch.js';
import { settleLists } from './settle-lists.js';

export interface MarketCommand {
  readonly kind: 'market';
  readonly session: string;
  readonly timeMs: number;
  readonly data: MarketData;
  /** Set once memory has seen it: a batch that is done again after a failed commit traded no second time. */
  seen?: boolean;
}

/**
 * Takes over what the market did and does it to the waiting orders, of accounts of that session only. An order whose
 * time is up does not meet it; a bar is met whole or not at all, so one that ends inside a bar ends before it, and one
 * that arrives inside it is there from its open on.
 */
export function marketStep(desk: DeskState, command: MarketCommand, journal: Journal): void {
  const { session, timeMs, seen = false } = command;
  const data = believable(command.data);
  const accounts = [...desk.accounts.values()].filter(
    (account) => account.session === session && account.archivedAtMs === null,
  );
  const opening = data.bar ? { instrument: data.instrument, price: Decimal.of(data.bar.open) } : null;
  const scene = { desk, accounts, journal };
  // A venue's clock may be ahead of ours, and nothing ends or lapses before its time on ours.
  const dueMs = session === liveSession ? Math.min(timeMs, desk.live.clock.nowMs()) : timeMs;
  runDue(scene, dueMs, { expiryMs: data.bar ? dueMs - 1 : dueMs, opening });
  const markets = marketOf(desk, session);
  // What was seen of the losses when it was done first is forgotten with the rest.
  if (seen) markets.watchedAtMs = Number.NEGATIVE_INFINITY;
  const market = seen ? markets.of(data.instrument) : markets.apply(data, timeMs);
  command.seen = true;
  const instrument = desk.instrument(data.instrument);
  if (instrument !== null) {
    for (const account of accounts) {
      const played = account.open.has(data.instrument);
      if (played) play(desk, { account, instrument, market, session: markets, journal }, data);
      notePrices(account, { data, market, played }, journal);
    }
  }
  if (data.bar) runDue(scene, dueMs);
  watchRisk(desk, accounts, journal);
  settleLists(desk, journal);
}

/** Without trades and bars at no price or for nothing: no feed should let them in, and one would fill every buy. */
function believable(data: MarketData): MarketData {
  const { bar, trades, ...rest } = data;
  const sound = bar === undefined || [bar.open, bar.high, bar.low, bar.close].every(isPositive);
  const priced = trades.filter(({ price }) => isPositive(price));
  if (sound && priced.length === trades.length) return data;
  return { ...rest, ...(sound && bar ? { bar } : {}), trades: priced };
}

function isPositive(text: string): boolean {
  return Decimal.of(text).isPositive();
}

function play(desk: DeskState, venue: AtVenue, data: MarketData): void {
  const { account, instrument, market, journal } = venue;
  // One act per order and batch: several trades that fill the same order make several fills and one order entry.
  const acts = new Map<OrderRecord, VenueAct>();
  // The log is as far as the orders are before anything follows from it.
  const settle = (): void => {
    for (const act of acts.values()) act.conclude(market);
    acts.clear();
    settleLists(desk, journal);
  };
  const effects = marketEffects(
    {
      orders: () => account.open.in(instrument.id),
      ladder: account.open.ladder(instrument.id),
      revision: () => account.open.revision,
      liquidity: new Liquidity(market, account.model, account.id),
      steps: instrument,
      position: () => account.held(instrument.id),
      fillable: (order) => account.fillable(order, instrument.lotSize),
      passed: (price) => notePrice(account, instrument.id, price),
    },
    data,
  );
  for (const effect of effects) {
    const { order } = effect;
    if (effect.kind === 'fill') {
      let act = acts.get(order);
      if (act === undefined) acts.set(order, (act = actOn(venue, order)));
      act.fill({ price: effect.price, quantity: effect.quantity, liquidity: 'maker' });
      // Others hang on this one: they hear of each fill before the next.
      if (order.terms.list !== null) settle();
    } else if (effect.kind === 'trail') {
      account.open.change(order, () => trailOrder(order, effect.triggerPrice));
      journal.orderChanged(order);
    } else if (effect.kind === 'trigger') {
      wake(venue, order, effect.at);
    } else {
      lookForMore(venue, order, effect.at);
    }
    if (journal.unsettled.length > 0) settle();
  }
  settle();
}
