import type { MarketData } from '../marks/instrument-market.js';
import type { AccountState } from '../accounts/account-state.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import type { InstrumentMarket } from '../marks/instrument-market.js';
import type { OrderRecord } from '../orders/order.js';
import { restingFills } from '../venues/paper/resting-orders.js';
import { VenueAct } from './booking.js';
import { cancelIdleReducers } from './cancel-orders.js';
import { type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';

export interface MarketCommand {
  readonly kind: 'market';
  readonly session: string;
  readonly timeMs: number;
  readonly data: MarketData;
  /** Set once memory has seen it: a batch that is done again after a failed commit traded no second time. */
  seen?: boolean;
}

/** Takes over what the market did and fills the resting orders it reached, of accounts of that session only. */
export function marketStep(desk: DeskState, command: MarketCommand, journal: Journal): void {
  const { session, timeMs, data, seen = false } = command;
  const markets = marketOf(desk, session);
  const market = seen ? markets.of(data.instrument) : markets.apply(data, timeMs);
  command.seen = true;
  const instrument = desk.instrument(data.instrument);
  if (instrument === null) return;
  for (const account of desk.accounts.values()) {
    if (account.session !== session || !account.open.has(data.instrument)) continue;
    fillResting(account, { instrument, market, data, timeMs }, journal);
  }
}

function fillResting(
  account: AccountState,
  {
    instrument,
    market,
    data,
    timeMs,
  }: { instrument: TradedInstrument; market: InstrumentMarket; data: MarketData; timeMs: number },
  journal: Journal,
): void {
  // One act per order and batch: several trades that fill the same order make several fills and one order entry.
  const acts = new Map<OrderRecord, VenueAct>();
  const fills = restingFills(
    {
      orders: account.open.in(instrument.id),
      market,
      model: account.model,
      accountId: account.id,
      lotSize: instrument.lotSize,
      position: account.held(instrument.id),
      fillable: (order) => account.fillable(order, instrument.lotSize),
    },
    data,
    timeMs,
  );
  for (const { order, price, quantity } of fills) {
    let act = acts.get(order);
    if (act === undefined) acts.set(order, (act = new VenueAct(account, order, instrument, journal)));
    act.fill({ price, quantity, liquidity: 'maker' });
  }
  for (const act of acts.values()) act.conclude(market);
  if (acts.size > 0) cancelIdleReducers(account, instrument, journal);
}
