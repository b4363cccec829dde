import { Decimal } from '../../kernel/decimal.js';
import type { Problem } from '../../kernel/errors.js';
import type { AccountState } from '../accounts/account-state.js';
import { tradingProblem } from '../contract/errors.js';
import type { Order, OrderCheck, SubmitAnswer } from '../contract/orders.js';
import type { InstrumentMarket } from '../marks/instrument-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { type Denial, moveOrder, OrderRecord, orderView } from '../orders/order.js';
import type { OrderContent } from '../orders/order-content.js';
import { denialOf, denialProblem, denialReason, verdictsOf } from '../risk/risk-gate.js';
import { type OrderToJudge, RiskScene } from '../risk/risk-scene.js';
import { type Arrival, arrive, queueAhead, rememberTaken } from '../venues/paper/paper-venue.js';
import { feeOf, orderEventType, VenueAct } from './booking.js';
import { cancelIdleReducers } from './cancel-orders.js';
import { accountOf, type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';

/** The first order of a client order id, as memory or the database remembers it. */
export interface FirstOrder {
  readonly order: Order;
  readonly contentHash: string;
  readonly denial: Denial | null;
}

export interface PlaceCommand {
  readonly kind: 'place';
  readonly accountId: string;
  readonly content: OrderContent;
  readonly contentHash: string;
  /** Null: the desk names it after the order's own id. */
  readonly clientOrderId: string | null;
  readonly strategyId: string | null;
  /** Where it was decided, if that matters: it must not be placed anywhere else. */
  readonly session?: string;
  /** Found in the database before the batch began; memory is asked first. */
  stored?: FirstOrder;
  /** Set when the order was made, so that it can be looked for after a commit of unknown outcome. */
  orderId?: string;
}

/** A denial is told in the same words again, but it happened once: `replayed` says that this is not the first time. */
export type PlaceOutcome =
  { readonly answer: SubmitAnswer } | { readonly problem: Problem; readonly replayed: boolean };

/**
 * Judges an order and, if every rule lets it pass, hands it to the paper venue at once. The outcome, a denial too,
 * is in the journal; nobody may hear of it before that is committed. Throws problems that leave no trace.
 */
export function placeOrder(desk: DeskState, command: PlaceCommand, journal: Journal): PlaceOutcome {
  const account = accountOf(desk, command.accountId);
  const first = firstOrder(desk, command);
  if (first !== null) return replayed(first, command);
  if (command.session !== undefined && command.session !== account.session) throw elsewhere(command, account);

  const nowMs = account.tools.clock.nowMs();
  const plan = planOrder(desk, account, command.content);
  const id = account.tools.ids.next();
  command.orderId = id;
  const order = new OrderRecord({
    id,
    clientOrderId: command.clientOrderId ?? id,
    accountId: account.id,
    instrument: command.content.instrument,
    side: command.content.side,
    type: command.content.type,
    timeInForce: command.content.timeInForce,
    quantity: plan.judged.quantity,
    limitPrice: command.content.limitPrice,
    postOnly: command.content.postOnly,
    reduceOnly: command.content.reduceOnly,
    strategyId: command.strategyId,
    tags: command.content.tags,
    createdAtMs: nowMs,
    contentHash: command.contentHash,
  });
  journal.newOrders.add(order);
  desk.recent.add(order);

  const denial = denialOf(plan.scene);
  if (denial !== null) {
    order.denial = denial;
    moveOrder(order, 'denied', nowMs, denialReason(denial));
    journal.event(account, orderEventType(order), nowMs, orderView(order));
    return { problem: denialProblem(denial), replayed: false };
  }
  account.rate.take();
  moveOrder(order, 'submitted', nowMs);
  // The gate has let it pass, so the instrument is known.
  const view = atVenue(
    account,
    order,
    { instrument: plan.scene.instrument!, market: plan.market, arrival: plan.arrival! },
    journal,
  );
  return { answer: { order: view, replayed: false } };
}

/** What every rule says and what the venue would do; nothing happens. */
export function checkOrder(desk: DeskState, accountId: string, content: OrderContent): OrderCheck {
  const account = accountOf(desk, accountId);
  const { scene, arrival } = planOrder(desk, account, content);
  const verdicts = verdictsOf(scene);
  const ok = verdicts.every((verdict) => verdict.ok);
  const quantity = Decimal.zero;
  const taken = arrival?.executions ?? [];
  const filled = taken.reduce((sum, execution) => sum.plus(execution.quantity), quantity);
  const paid = taken.reduce((sum, { price, quantity: q }) => sum.plus(price.times(q)), quantity);
  const price = filled.isZero() ? scene.price : paid.div(filled);
  if (scene.instrument === null || price === null) {
    return { ok, verdicts, estimatedPrice: price?.toString() ?? null, estimatedFee: null };
  }
  const { fee, feeAsset } = feeOf({
    account,
    instrument: scene.instrument,
    side: content.side,
    price,
    quantity: scene.order.quantity,
    liquidity: filled.isZero() && content.type === 'limit' ? 'maker' : 'taker',
  });
  return {
    ok,
    verdicts,
    estimatedPrice: price.toString(),
    estimatedFee: { asset: feeAsset, amount: fee.toString() },
  };
}

interface Plan {
  readonly judged: OrderToJudge;
  readonly scene: RiskScene;
  readonly market: InstrumentMarket;
  /** What the venue would do now; null for an instrument nobody knows. */
  readonly arrival: Arrival | null;
}

function planOrder(desk: DeskState, account: AccountState, content: OrderContent): Plan {
  const session = marketOf(desk, account.session);
  const instrument = desk.instrument(content.instrument);
  const market = session.known(content.instrument) ?? emptyMarketOf(session, content.instrument, instrument);
  const quantity = content.quantity ?? quantityFor(content.notional!, market, instrument);
  const arrival =
    instrument === null
      ? null
      : arrive(
          { ...content, quantity },
          { market, model: account.model, accountId: account.id, steps: instrument },
        );
  const judged: OrderToJudge = {
    instrument: content.instrument,
    side: content.side,
    type: content.type,
    quantity,
    limitPrice: content.limitPrice,
    reduceOnly: content.reduceOnly,
    cost: instrument && costOf(account, instrument, { ...content, quantity }, arrival!, market),
  };
  const nowMs = account.tools.clock.nowMs();
  return {
    judged,
    arrival,
    market,
    scene: new RiskScene({ account, order: judged, instrument, session, nowMs }),
  };
}

/** The market of a known instrument is kept; one nobody knows is forgotten again, or guesses would fill the memory. */
function emptyMarketOf(
  session: ReturnType<typeof marketOf>,
  id: string,
  instrument: TradedInstrument | null,
): InstrumentMarket {
  return instrument === null ? session.blank(id) : session.of(id);
}

/** At the mark, rounded down to the lot; zero without a mark. */
function quantityFor(
  notional: Decimal,
  market: InstrumentMarket,
  instrument: TradedInstrument | null,
): Decimal {
  if (market.mark === null || instrument === null) return Decimal.zero;
  return notional.div(market.mark, 30, 'down').toStep(instrument.lotSize, 'down');
}

/** Quote asset the order takes: a limit order its limit, a market order what the book asks, the rest at the mark. */
function costOf(
  account: AccountState,
  instrument: TradedInstrument,
  order: Pick<OrderContent, 'side' | 'limitPrice'> & { quantity: Decimal },
  arrival: Arrival,
  market: InstrumentMarket,
): Decimal | null {
  let cost: Decimal;
  if (order.limitPrice !== null) {
    cost = order.limitPrice.times(order.quantity);
  } else {
    if (market.mark === null) return null;
    let left = order.quantity;
    cost = Decimal.zero;
    for (const { price, quantity } of arrival.executions) {
      cost = cost.plus(price.times(quantity));
      left = left.minus(quantity);
    }
    cost = cost.plus(left.times(market.mark));
  }
  const feeInQuote = account.terms.type === 'margin' || instrument.settlement === 'contract';
  return feeInQuote ? cost.plus(cost.times(instrument.takerFee)) : cost;
}

function atVenue(
  account: AccountState,
  order: OrderRecord,
  {
    instrument,
    market,
    arrival,
  }: { instrument: TradedInstrument; market: InstrumentMarket; arrival: Arrival },
  journal: Journal,
): Order {
  const act = new VenueAct(account, order, instrument, journal);
  const rests = order.terms.type === 'limit' && arrival.end === null;
  if (rests) {
    act.move('accepted');
    account.open.add(order);
    order.queueAhead = queueAhead(order.terms.side, order.terms.limitPrice!, market);
  }
  rememberTaken(arrival.executions, { side: order.terms.side, market, accountId: account.id });
  for (const { price, quantity } of arrival.executions) act.fill({ price, quantity, liquidity: 'taker' });
  if (arrival.end !== null) act.move(arrival.end.status, arrival.end.reason);
  act.conclude(market);
  if (arrival.executions.length > 0) cancelIdleReducers(account, instrument, journal);
  return orderView(order);
}

function firstOrder(desk: DeskState, command: PlaceCommand): FirstOrder | null {
  if (command.clientOrderId === null) return null;
  const known = desk.recent.byClientOrderId(command.accountId, command.clientOrderId);
  if (known !== undefined) {
    return { order: orderView(known), contentHash: known.terms.contentHash, denial: known.denial };
  }
  return command.stored ?? null;
}

function elsewhere({ session = '' }: PlaceCommand, account: AccountState): Error {
  return tradingProblem('TRADING_ACCOUNT_IN_REPLAY', {
    detail:
      `the order was decided in session ${session} and the account is in ${account.session} now; ` +
      'nothing passes from one to the other: decide again there',
    facts: { decidedIn: session, session: account.session },
  });
}

/** The same request again is answered as the first time; another request under its name is refused. */
function replayed(first: FirstOrder, command: PlaceCommand): PlaceOutcome {
  if (first.contentHash !== command.contentHash) {
    throw tradingProblem('TRADING_CLIENT_ORDER_ID_REUSED', {
      detail:
        `client order id ${command.clientOrderId} belongs to order ${first.order.id} with other content; ` +
        'send a new order under a new id',
      facts: { orderId: first.order.id },
    });
  }
  if (first.denial !== null) return { problem: denialProblem(first.denial), replayed: true };
  return { answer: { order: first.order, replayed: true } };
}
