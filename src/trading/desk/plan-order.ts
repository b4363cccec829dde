import { Decimal } from '../../kernel/decimal.js';
import type { AccountState } from '../accounts/account-state.js';
import type { OrderCheck } from '../contract/orders.js';
import type { InstrumentMarket } from '../marks/instrument-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import type { OrderContent } from '../orders/order-content.js';
import { isConditional, mayRest } from '../orders/order-types.js';
import { verdictsOf } from '../risk/risk-gate.js';
import { type OrderToJudge, type Replaced, RiskScene } from '../risk/risk-scene.js';
import { Liquidity } from '../venues/paper/liquidity.js';
import { type Arrival, arrive } from '../venues/paper/paper-venue.js';
import { referencePrice, trailedTo } from '../venues/paper/triggers.js';
import { feeOf, feeRate } from './fees.js';
import { accountOf, type DeskState, marketOf } from './desk-state.js';

/** An order worked out before anything happens: what the gate judges, and what the venue would do. */
export interface Plan {
  readonly judged: OrderToJudge;
  readonly scene: RiskScene;
  readonly market: InstrumentMarket;
  /** Where the trigger stands at first; a trailing one starts behind the price of now. */
  readonly triggerPrice: Decimal | null;
  /** What the venue would do now; null for an order that waits, and for an instrument nobody knows. */
  readonly arrival: Arrival | null;
}

export function planOrder(
  desk: DeskState,
  account: AccountState,
  content: OrderContent,
  {
    first = false,
    replaces = null,
    unnamed = false,
    beside = null,
  }: { first?: boolean; replaces?: Replaced | null; unnamed?: boolean; beside?: Decimal | null } = {},
): Plan {
  const session = marketOf(desk, account.session);
  const instrument = desk.instrument(content.instrument);
  const market = session.known(content.instrument) ?? emptyMarketOf(session, content.instrument, instrument);
  const quantity = content.quantity ?? quantityFor(content.notional!, market, instrument);
  const triggerPrice = firstTrigger(content, market, instrument);
  const arrival =
    instrument === null || isConditional(content.type)
      ? null
      : arrive(
          {
            ...content,
            quantity: stepsBack(content) ? fillable(account, instrument, content, quantity) : quantity,
          },
          { liquidity: new Liquidity(market, account.model, account.id), steps: instrument },
        );
  const judged: OrderToJudge = {
    instrument: content.instrument,
    side: content.side,
    type: content.type,
    quantity,
    limitPrice: content.limitPrice,
    triggerPrice,
    reduceOnly: content.reduceOnly,
    stepsBack: stepsBack(content),
    replaces: first ? restingBeside(account, content) : replaces,
    cost: instrument && costOf(account, instrument, { ...content, quantity, triggerPrice }, arrival, market),
    reaches: arrival?.executions.at(-1)?.price ?? null,
    unnamed,
    beside,
  };
  const nowMs = account.tools.clock.nowMs();
  const scene = new RiskScene({ account, order: judged, instrument, session, nowMs });
  return { judged, arrival, market, triggerPrice, scene };
}

/** What every rule says and what the venue would do; nothing happens. */
export function checkOrder(
  desk: DeskState,
  accountId: string,
  content: OrderContent,
  unnamed = false,
): OrderCheck {
  const account = accountOf(desk, accountId);
  const { scene, arrival } = planOrder(desk, account, content, { unnamed });
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
    session: scene.session,
    spendable: (asset) => account.free(asset),
  });
  return {
    ok,
    verdicts,
    estimatedPrice: price.toString(),
    estimatedFee: { asset: feeAsset, amount: fee.toString() },
  };
}

/** A reduce-only order that waits, for its price or its trigger, leaves what is held to all others. */
export function stepsBack({
  reduceOnly,
  type,
  timeInForce,
}: Pick<OrderContent, 'reduceOnly' | 'type' | 'timeInForce'>): boolean {
  return reduceOnly && (isConditional(type) || mayRest(timeInForce));
}

function fillable(
  account: AccountState,
  { lotSize }: TradedInstrument,
  terms: OrderContent,
  active: Decimal,
): Decimal {
  return account.fillable({ active, terms }, lotSize);
}

/** Everything that rests on the order's side: it steps back for an order that goes first. */
function restingBeside(account: AccountState, { instrument, side }: OrderContent): Replaced {
  const totals = account.open.totals(instrument);
  return side === 'buy'
    ? { quantity: totals.buyQuantity, notional: totals.buyNotional, fees: totals.buyFees, orders: 0 }
    : { quantity: totals.sellQuantity, notional: totals.sellNotional, fees: totals.sellFees, orders: 0 };
}

function firstTrigger(
  content: OrderContent,
  market: InstrumentMarket,
  instrument: TradedInstrument | null,
): Decimal | null {
  const { triggerPrice, trailing } = content;
  if (triggerPrice !== null || trailing === null || instrument === null) return triggerPrice;
  const price = referencePrice(content, market);
  return price === null ? null : trailedTo(content, price, instrument.tickSize);
}

/** The market of a known instrument is kept; one nobody knows is forgotten again, or guesses would fill the memory. */
function emptyMarketOf(
  session: ReturnType<typeof marketOf>,
  id: string,
  instrument: TradedInstrument | null,
): InstrumentMarket {
  return instrument === null ? session.blank(id) : session.of(id);
}

/** At the mark, rounded down to the lot; zero without a mark that is a price. */
function quantityFor(
  notional: Decimal,
  market: InstrumentMarket,
  instrument: TradedInstrument | null,
): Decimal {
  if (market.mark === null || !market.mark.isPositive() || instrument === null) return Decimal.zero;
  return notional.div(market.mark, 30, 'down').toStep(instrument.lotSize, 'down');
}

/**
 * Quote asset the order takes, on a margin account its initial margin and its fee of that: one with a limit its limit, one that waits its trigger, a market order what the book
 * asks, the rest at the mark.
 */
export function costOf(
  account: AccountState,
  instrument: TradedInstrument,
  order: Pick<OrderToJudge, 'limitPrice' | 'triggerPrice' | 'quantity'>,
  arrival: Arrival | null,
  market: InstrumentMarket,
): Decimal | null {
  const named = order.limitPrice ?? order.triggerPrice;
  let cost: Decimal;
  if (named !== null) {
    cost = named.times(order.quantity);
  } else {
    if (market.mark === null) return null;
    let left = order.quantity;
    cost = Decimal.zero;
    for (const { price, quantity } of arrival?.executions ?? []) {
      cost = cost.plus(price.times(quantity));
      left = left.minus(quantity);
    }
    cost = cost.plus(left.times(market.mark));
  }
  if (account.terms.type === 'cash') return cost;
  return account.margin.initial(cost).plus(cost.times(feeRate(account, instrument, 'taker')));
}
