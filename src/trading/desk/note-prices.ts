import { Decimal } from '../../kernel/decimal.js';
import { liveSession } from '../../kernel/events.js';
import type { AccountState } from '../accounts/account-state.js';
import type { InstrumentMarket, MarketData } from '../marks/instrument-market.js';
import { widened } from '../positions/prices-seen.js';
import type { Journal } from './journal.js';

/** What a live position has seen is stored at least this often while it changes; a crash forgets no more. */
const storeEveryMs = 60_000;

/** A price the account's position, if there is one, could be left at now. */
export function notePrice(account: AccountState, instrument: string, price: Decimal): void {
  if (account.position(instrument).quantity.isZero()) return;
  account.seen.set(instrument, widened(account.seen.get(instrument), price));
}

/**
 * What a market batch showed the account's position. `played`: orders of the account met the bar, and noted its points
 * as they passed. Where nothing quotes, each trade is a price; else the side it would be left at, once all is over.
 */
export function notePrices(
  account: AccountState,
  { data, market, played }: { data: MarketData; market: InstrumentMarket; played: boolean },
  journal: Journal,
): void {
  const { instrument, bar } = data;
  const position = account.positions.get(instrument);
  if (position === undefined || position.quantity.isZero()) return;
  const before = account.seen.get(instrument);
  if (bar !== undefined) {
    if (!played) for (const text of [bar.high, bar.low]) notePrice(account, instrument, Decimal.of(text));
    notePrice(account, instrument, Decimal.of(bar.close));
  } else {
    const price = (position.quantity.isNegative() ? market.ask : market.bid) ?? market.last;
    if (price !== null) notePrice(account, instrument, price);
    if (!played && !market.hasBook) {
      for (const trade of data.trades) notePrice(account, instrument, Decimal.of(trade.price));
    }
  }
  const seen = account.seen.get(instrument);
  const nowMs = account.tools.clock.nowMs();
  const due = account.session === liveSession && Math.abs(nowMs - account.seenStoredAtMs) >= storeEveryMs;
  if (seen === before || !due) return;
  account.seenStoredAtMs = nowMs;
  journal.positionChanged(account, position);
}
