import { liveSession } from '../../../src/kernel/events.js';
import { toRfc3339 } from '../../../src/kernel/time.js';
import type { Principal } from '../../../src/kernel/principal.js';
import type { CandleClosed, MarketBatch } from '../../../src/data/contract/events.js';
import { Accounts, type CreateAccount } from '../../../src/trading/contract/accounts.js';
import { Orders, type Order, type PlaceOrder } from '../../../src/trading/contract/orders.js';
import { aBook } from '../../support/trading-desk.js';
import { aPrincipal, type House } from './house.js';
import { anInstrument } from './market-past.js';

/** A trader with a paper account and a market that stands where the suite puts it. */
export interface Floor {
  readonly owner: Principal;
  readonly accountId: string;
  /** Ten levels a side of one coin each, half a dollar apart, around `mid`; 100 unless somebody moved it. */
  readonly instrument: string;
  readonly asked: { principal: Principal; accountId: string };
  /** Shows the market at this price, now. */
  market(mid: string): Promise<void>;
  /** Places an order, a market buy of one coin unless told, and answers it. */
  place(over?: Partial<PlaceOrder>, accountId?: string): Promise<Order>;
  /** Another account of the same owner. */
  account(over?: Partial<CreateAccount>): Promise<string>;
}

let floors = 0;

export async function aFloor(house: House): Promise<Floor> {
  const owner = aPrincipal('trader', `floor-${(floors += 1)}`);
  const instrument = await anInstrument(house);
  const account = async (over: Partial<CreateAccount> = {}): Promise<string> => {
    const terms = { name: 'paper', mode: 'paper', baseCurrency: 'USD', initialBalances: { USD: '100000' } };
    return (await house.get(Accounts).create({ principal: owner, account: { ...terms, ...over } })).id;
  };
  const accountId = await account();
  const floor: Floor = {
    owner,
    accountId,
    instrument,
    asked: { principal: owner, accountId },
    market: (mid) => showMarket(house, instrument, mid),
    place: async (over = {}, at = accountId) => {
      const order = anOrder({ instrument, ...over });
      return (await house.get(Orders).submit({ principal: owner, accountId: at, order })).order;
    },
    account,
  };
  await floor.market('100');
  return floor;
}

/** A market buy of one coin, or what `over` makes of it. */
export function anOrder(over: Partial<PlaceOrder> & { instrument: string }): PlaceOrder {
  const { quantity = over.notional === undefined ? '1' : undefined } = over;
  return { side: 'buy', type: 'market', ...over, ...(quantity === undefined ? {} : { quantity }) };
}

export async function showMarket(house: House, instrument: string, mid: string, ageMs = 0): Promise<void> {
  const book = aBook(mid)!;
  const [[bid, bidSize]] = book.bids;
  const [[ask, askSize]] = book.asks;
  const batch: MarketBatch = {
    type: 'data.market-batch',
    key: `${liveSession}:${instrument}`,
    session: liveSession,
    timeMs: Date.now() - ageMs,
    data: { instrument, trades: [], book, quote: { bid, bidSize, ask, askSize } },
  };
  await house.bus.publish(batch);
}

let lastCloseMs = Math.ceil(Date.now() / 300_000) * 300_000;

/** Candles of five minutes close one after the other, from soon on; answers when, for each is a point of every equity curve. */
export async function closeCandles(house: House, instrument: string, bars: number): Promise<string[]> {
  const times: string[] = [];
  for (let n = 0; n < bars; n += 1) {
    const openTimeMs = lastCloseMs;
    lastCloseMs += 300_000;
    times.push(toRfc3339(lastCloseMs));
    const candle: CandleClosed = {
      type: 'data.candle-closed',
      key: `${liveSession}:${instrument}:5m`,
      session: liveSession,
      timeMs: lastCloseMs,
      data: {
        instrument,
        timeframe: '5m',
        openTimeMs,
        open: '1',
        high: '1',
        low: '1',
        close: '1',
        volume: '1',
      },
    };
    await house.bus.publish(candle);
  }
  return times;
}
