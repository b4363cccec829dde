import { Problem } from '../../src/kernel/errors.js';
import type { PlaceOrder } from '../../src/trading/contract/orders.js';
import { orderChanges } from '../../src/trading/orders/order-content.js';
import { aBook, anInstrument, btc } from './trading-desk.js';
import { TestAccount } from './trading-state.js';

/** One thing that happens to an account or its market. Prices in USD, quantities in BTC. */
export interface OrderAct {
  readonly kind: 'order';
  readonly side: 'buy' | 'sell';
  readonly type:
    'market' | 'limit' | 'stop_market' | 'stop_limit' | 'take_profit_market' | 'take_profit_limit';
  readonly quantity: string;
  /** Of an order with a limit. */
  readonly price: string;
  /** Of one that waits. */
  readonly trigger?: string;
  readonly how: 'gtc' | 'ioc' | 'fok' | 'post' | 'reduce';
}

export type Act =
  | OrderAct
  /** One cancels other. */
  | { readonly kind: 'oco'; readonly orders: readonly [OrderAct, OrderAct] }
  /** Of the nth newest order, counted round and round; what is left out stays. */
  | {
      readonly kind: 'amend';
      readonly nth: number;
      readonly quantity?: string;
      readonly price?: string;
      readonly trigger?: string;
    }
  /** Of the nth order there ever was, counted round and round. */
  | { readonly kind: 'cancel'; readonly nth: number }
  | {
      readonly kind: 'book';
      readonly bids: readonly (readonly [string, string])[];
      readonly asks: readonly (readonly [string, string])[];
    }
  | {
      readonly kind: 'trade';
      readonly price: string;
      readonly quantity: string;
      readonly side: 'buy' | 'sell';
    }
  | {
      readonly kind: 'transfer';
      readonly way: 'deposit' | 'withdrawal';
      readonly asset: 'USD' | 'BTC';
      readonly amount: string;
    }
  | { readonly kind: 'state'; readonly state: 'active' | 'reducing' | 'halted' };

export interface OrderSeen {
  readonly status: string;
  readonly reason: string | null;
  readonly filled: string;
  readonly leaves: string;
  readonly average: string | null;
}

/** Everything there is to see; equal texts, equal worlds. Orders and fills in the order they came. */
export interface Seen {
  readonly orders: readonly OrderSeen[];
  readonly fills: readonly {
    readonly order: number;
    readonly side: string;
    readonly price: string;
    readonly quantity: string;
    readonly liquidity: string;
    readonly fee: string;
    readonly feeAsset: string;
    readonly realisedPnl: string;
  }[];
  readonly balances: Readonly<
    Record<string, { readonly total: string; readonly reserved: string; readonly free: string }>
  >;
  readonly position: {
    readonly quantity: string;
    readonly averagePrice: string;
    readonly realisedPnl: string;
    readonly fees: string;
  };
  /** Sums of the ledger by its account and asset; what is zero is left out. */
  readonly ledger: Readonly<Record<string, string>>;
}

/** One paper account that trades BTC-USD, however it is made. */
export interface TradedWorld {
  /** Answers what came of it: a status, or the code it was refused with. */
  act(act: Act): string;
  seen(): Seen;
}

/** A book around `mid`, ten levels a side, one unit each. */
export function bookAct(mid: string): Act & { kind: 'book' } {
  const { bids, asks } = aBook(mid)!;
  return { kind: 'book', bids, asks };
}

function orderOf({ side, type, quantity, price, trigger, how }: OrderAct): PlaceOrder {
  const now = how === 'ioc' || how === 'fok' ? how : undefined;
  return {
    instrument: btc,
    side,
    type,
    quantity,
    timeInForce: now ?? (type === 'market' ? 'ioc' : 'gtc'),
    postOnly: how === 'post',
    reduceOnly: how === 'reduce',
    ...(type.endsWith('limit') ? { limitPrice: price } : {}),
    ...(type.includes('_') ? { triggerPrice: trigger } : {}),
  };
}

/** The desk as it ships, without its database. */
export class FastDesk implements TradedWorld {
  private readonly account: TestAccount;
  private readonly ids: string[] = [];

  constructor(
    type: 'cash' | 'margin',
    balances: Readonly<Record<string, string>>,
    fees: { readonly maker: string; readonly taker: string },
  ) {
    this.account = new TestAccount({ type, balances });
    this.account.instruments.set(btc, anInstrument({ makerFee: fees.maker, takerFee: fees.taker }));
  }

  act(act: Act): string {
    this.account.clock.ms += 100;
    try {
      return this.done(act);
    } catch (error) {
      // Refusals are part of life; anything else is not.
      if (error instanceof Problem) return error.code;
      throw error;
    } finally {
      this.keepNewOrders();
    }
  }

  seen(): Seen {
    const { state, journals } = this.account;
    const sums = new Map<string, ReturnType<typeof state.total>>();
    for (const { account, asset, amount } of journals.flatMap((journal) => journal.ledger)) {
      const key = `${account} ${asset}`;
      sums.set(key, sums.get(key)?.plus(amount) ?? amount);
    }
    const { quantity, averagePrice, realisedPnl, fees } = state.position(btc);
    return {
      orders: this.ids.map((id) => {
        const order = this.account.desk.recent.get(this.account.id, id)!;
        return {
          status: order.status,
          reason: order.denial?.code ?? order.statusReason,
          filled: order.filledQuantity.toString(),
          leaves: order.leaves.toString(),
          average: order.averagePrice?.toString() ?? null,
        };
      }),
      fills: journals.flatMap((journal) =>
        journal.fills.map(({ fill }) => ({
          order: this.ids.indexOf(fill.orderId),
          side: fill.side,
          price: fill.price,
          quantity: fill.quantity,
          liquidity: fill.liquidity,
          fee: fill.fee,
          feeAsset: fill.feeAsset,
          realisedPnl: fill.realisedPnl,
        })),
      ),
      balances: Object.fromEntries(
        ['BTC', 'USD'].map((asset) => {
          const { total, reserved, free } = state.balance(asset);
          return [asset, { total, reserved, free }];
        }),
      ),
      position: {
        quantity: quantity.toString(),
        averagePrice: averagePrice.toString(),
        realisedPnl: realisedPnl.toString(),
        fees: fees.toString(),
      },
      ledger: Object.fromEntries(
        [...sums].filter(([, sum]) => !sum.isZero()).map(([key, sum]) => [key, sum.toString()]),
      ),
    };
  }

  private done(act: Act): string {
    const { account } = this;
    switch (act.kind) {
      case 'order':
        return this.statusOf(account.place(orderOf(act)).id);
      case 'oco': {
        const [first, second] = act.orders.map(orderOf);
        const { orders } = account.placeList({ kind: 'oco', orders: [first, second] });
        return orders.map(({ id }) => this.statusOf(id)).join(' ');
      }
      case 'amend': {
        const { nth, quantity, price: limitPrice, trigger: triggerPrice } = act;
        if (this.ids.length === 0) return 'none';
        const orderId = this.ids.at(-1 - (nth % this.ids.length))!;
        const changes = orderChanges({ quantity, limitPrice, triggerPrice });
        account.run({ kind: 'amend', accountId: account.id, orderId, version: null, changes });
        return this.statusOf(orderId);
      }
      case 'cancel':
        return this.ids.length === 0 ? 'none' : account.order(this.ids[act.nth % this.ids.length]).status;
      case 'book':
        account.market({ book: { bids: act.bids, asks: act.asks } as never });
        return 'seen';
      case 'trade':
        account.market({
          trades: [
            { id: 't', timeMs: account.clock.ms, price: act.price, quantity: act.quantity, side: act.side },
          ],
        });
        return 'seen';
      case 'transfer': {
        const transfer = { kind: act.way, asset: act.asset, amount: act.amount };
        account.run({ kind: 'transfer', accountId: account.id, transfer, answerKey: null });
        return act.way;
      }
      case 'state':
        account.run({ kind: 'set-state', accountId: account.id, state: act.state, reason: 'r', actor: 'a' });
        return act.state;
    }
  }

  /** When all that follows has happened. */
  private statusOf(id: string): string {
    return this.account.desk.recent.get(this.account.id, id)!.status;
  }

  /** A denied order is an order too. */
  private keepNewOrders(): void {
    for (const { terms } of this.account.journals.at(-1)?.newOrders ?? []) {
      if (!this.ids.includes(terms.id)) this.ids.push(terms.id);
    }
  }
}
