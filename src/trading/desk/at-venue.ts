import { Decimal } from '../../kernel/decimal.js';
import type { AccountState } from '../accounts/account-state.js';
import type { InstrumentMarket } from '../marks/instrument-market.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { type OrderRecord, trailOrder } from '../orders/order.js';
import { isConditional, mayRest } from '../orders/order-types.js';
import { Liquidity } from '../venues/paper/liquidity.js';
import {
  type Arrival,
  arrive,
  type Execution,
  queueAhead,
  rememberTaken,
} from '../venues/paper/paper-venue.js';
import { isReached, referencePrice, trailedTo } from '../venues/paper/triggers.js';
import { VenueAct } from './booking.js';
import { cancelOpen } from './cancel-open.js';
import type { Journal } from './journal.js';

/** Where an order meets the paper venue. */
export interface AtVenue {
  readonly account: AccountState;
  readonly instrument: TradedInstrument;
  readonly market: InstrumentMarket;
  /** Everything else the account sees. */
  readonly session: SessionMarket;
  readonly journal: Journal;
}

/** A submitted order arrives: it waits for its trigger, fills, rests, or ends at once. `known`: its arrival, if worked out before. */
export function arriveAtVenue(
  venue: AtVenue,
  order: OrderRecord,
  known: Arrival | null = null,
  at: Decimal | null = null,
): void {
  if (!isConditional(order.terms.type)) {
    execute(venue, order, known ?? arrivalOf(venue, order, at));
    return;
  }
  const { account, market } = venue;
  const price = at ?? referencePrice(order.terms, market);
  startTrailing(venue, order, price);
  if (price === null || !isReached(order.terms, price)) {
    const act = actOn(venue, order);
    act.move('accepted');
    account.open.add(order);
    act.conclude(market);
    return;
  }
  // What protects a position that is there already goes to work at once.
  const role = order.terms.list?.role ?? 'leg';
  if (account.model.rejectsTriggered && (role === 'leg' || role === 'entry')) {
    const act = actOn(venue, order);
    act.move('rejected', 'would_trigger');
    act.conclude(market);
    return;
  }
  account.open.add(order);
  wake(venue, order, at);
}

/** A trailing stop that waited for its entry begins behind the price it finds. */
function startTrailing({ account, instrument }: AtVenue, order: OrderRecord, price: Decimal | null): void {
  if (price === null || order.terms.trailing === null || order.terms.triggerPrice !== null) return;
  const trigger = trailedTo(order.terms, price, instrument.tickSize);
  if (trigger !== null) account.open.change(order, () => trailOrder(order, trigger));
}

/** The trigger is reached: the order goes to work, in a market that stands `at` a price or where it was last seen. */
export function wake(venue: AtVenue, order: OrderRecord, at: Decimal | null): void {
  const act = actOn(venue, order);
  act.move('triggered');
  const { account, instrument, market } = venue;
  // Nothing is left of what it was to protect.
  const idle = order.terms.reduceOnly && account.reducible(order).toStep(instrument.lotSize, 'down').isZero();
  act.conclude(market);
  if (idle) cancelOpen(account, order, 'reduce_only', venue.journal);
  else lookForMore(venue, order, at);
}

/** An order that is awake takes what it can; one with a limit then rests. */
export function lookForMore(venue: AtVenue, order: OrderRecord, at: Decimal | null): void {
  execute(venue, order, arrivalOf(venue, order, at));
}

function arrivalOf(
  { account, instrument, market }: AtVenue,
  order: OrderRecord,
  at: Decimal | null,
): Arrival {
  const { terms } = order;
  const quantity = account.fillable(order, instrument.lotSize);
  const liquidity = new Liquidity(market, account.model, account.id);
  const arrival = arrive({ ...terms, quantity }, { liquidity, steps: instrument, at });
  if (terms.limitPrice === null) {
    return affordable(account, instrument, order, withoutRest(order, quantity, arrival));
  }
  return withoutRest(order, quantity, arrival);
}

/** An immediate order that may fill less than is left of it, since that would open, does not wait with the rest. */
function withoutRest({ active, terms }: OrderRecord, quantity: Decimal, arrival: Arrival): Arrival {
  if (mayRest(terms.timeInForce) || arrival.end !== null || quantity.eq(active)) return arrival;
  return { ...arrival, end: { status: 'canceled', reason: 'reduce_only' } };
}

/** An order without a limit holds little or nothing while it is on its way or asleep; what a cash account cannot pay beyond it is not bought. */
function affordable(
  account: AccountState,
  { quote, lotSize }: TradedInstrument,
  order: OrderRecord,
  arrival: Arrival,
): Arrival {
  if (account.terms.type !== 'cash' || order.terms.side !== 'buy') return arrival;
  let left = account.free(quote).plus(account.open.holdOf(order).notional);
  const executions: Execution[] = [];
  for (const { price, quantity, level } of arrival.executions) {
    const affords = quantity.min(left.max(Decimal.zero).div(price, 18, 'down').toStep(lotSize, 'down'));
    if (affords.isPositive()) executions.push({ price, quantity: affords, level });
    left = left.minus(price.times(affords));
    if (affords.lt(quantity))
      return { executions, end: { status: 'canceled', reason: 'insufficient_balance' } };
  }
  return { executions, end: arrival.end };
}

function execute(venue: AtVenue, order: OrderRecord, { executions, end }: Arrival): void {
  const { account, market } = venue;
  const { side, limitPrice } = order.terms;
  const joins = order.status === 'submitted' && end === null && limitPrice !== null;
  const rests = limitPrice !== null && end === null;
  // An order that is awake and finds nothing stays as it is.
  if (!joins && executions.length === 0 && end === null) {
    if (rests) order.queueAhead ??= queueAhead(side, limitPrice, market);
    return;
  }
  const act = actOn(venue, order);
  if (joins) {
    act.move('accepted');
    account.open.add(order);
  }
  if (rests) order.queueAhead = queueAhead(side, limitPrice, market);
  rememberTaken(executions, side, new Liquidity(market, account.model, account.id));
  for (const { price, quantity } of executions) act.fill({ price, quantity, liquidity: 'taker' });
  if (end !== null) act.move(end.status, end.reason);
  act.conclude(market);
}

export function actOn({ account, instrument, session, journal }: AtVenue, order: OrderRecord): VenueAct {
  return new VenueAct(account, order, instrument, session, journal);
}
