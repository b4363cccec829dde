import {
  Exact,
  n,
  type NaiveFill,
  type NaiveOrder,
  type NaivePosition,
  positionAfter,
  positive,
  text,
  total,
} from './naive-terms.js';
import type { OrderSeen, Seen } from './traded-world.js';

export const lot = 5;

/** What the naive desk wrote down, and every sum that follows from it, worked out from the beginning each time. */
export class NaiveBooks {
  protected readonly orders: NaiveOrder[] = [];
  protected readonly fills: NaiveFill[] = [];
  protected readonly transfers: { asset: string; amount: Exact }[] = [];

  constructor(
    protected readonly type: 'cash' | 'margin',
    balances: Readonly<Record<string, string>>,
    protected readonly fees: { readonly maker: string; readonly taker: string },
  ) {
    for (const [asset, amount] of Object.entries(balances)) this.transfers.push({ asset, amount: n(amount) });
  }

  seen(): Seen {
    const position = this.position();
    return {
      orders: this.orders.map((order) => this.seenOrder(order)),
      fills: this.fills.map((fill) => ({
        order: this.orders.indexOf(fill.order),
        side: fill.side,
        price: text(fill.price),
        quantity: text(fill.quantity),
        liquidity: fill.liquidity,
        fee: text(fill.fee),
        feeAsset: fill.feeAsset,
        realisedPnl: text(
          this.position(this.fills.indexOf(fill) + 1).realised.minus(
            this.position(this.fills.indexOf(fill)).realised,
          ),
        ),
      })),
      balances: Object.fromEntries(
        ['BTC', 'USD'].map((asset) => {
          const [total, reserved] = [this.total(asset), this.reserved(asset)];
          return [asset, { total: text(total), reserved: text(reserved), free: text(total.minus(reserved)) }];
        }),
      ),
      position: {
        quantity: text(position.quantity),
        averagePrice: text(position.average),
        realisedPnl: text(position.realised),
        fees: text(position.fees),
      },
      ledger: this.ledger(),
    };
  }

  protected isOpen({ status }: NaiveOrder): boolean {
    return status === 'accepted' || status === 'triggered' || status === 'partially_filled';
  }

  /** It waits for its trigger. */
  protected sleeps({ status, trigger }: NaiveOrder): boolean {
    return status === 'accepted' && trigger !== null;
  }

  /** The oldest first; who asks for more, or for another price, is the youngest. */
  protected open(): NaiveOrder[] {
    return this.orders.filter((order) => this.isOpen(order)).toSorted((a, b) => a.rank - b.rank);
  }

  protected filled(order: NaiveOrder): Exact {
    return total(order.fills.map(({ quantity }) => quantity));
  }

  protected leaves(order: NaiveOrder): Exact {
    return this.isOpen(order) ? order.quantity.minus(this.filled(order)) : n(0);
  }

  /** Sums over open orders; of a pair on one side that may both open, the larger. */
  protected sum(orders: readonly NaiveOrder[], of: (order: NaiveOrder) => Exact): Exact {
    return total(
      orders.map((order) => {
        const { pair } = order;
        if (pair === null || order.reduceOnly || pair.reduceOnly || !orders.includes(pair)) return of(order);
        if (orders.indexOf(pair) < orders.indexOf(order)) return n(0);
        return Exact.max(of(order), of(pair));
      }),
    );
  }

  /** What is held against an order's side. */
  protected against({ side }: Pick<NaiveOrder, 'side'>): Exact {
    const held = this.type === 'cash' ? this.total('BTC') : this.position().quantity;
    return positive(side === 'sell' ? held : held.negated());
  }

  protected free(asset: string): Exact {
    return this.total(asset).minus(this.reserved(asset));
  }

  protected fillable(order: NaiveOrder): Exact {
    if (!order.reduceOnly) return this.leaves(order);
    let most = Exact.min(this.leaves(order), this.against(order));
    if (this.type === 'cash') most = Exact.min(most, positive(this.free('BTC')));
    return most.toDecimalPlaces(lot, Exact.ROUND_DOWN);
  }

  protected total(asset: string): Exact {
    const moved = this.transfers.filter((one) => one.asset === asset).map(({ amount }) => amount);
    const traded = this.fills.flatMap(({ side, price, quantity, fee, feeAsset }) => {
      const sign = side === 'buy' ? 1 : -1;
      const swapped = asset === 'BTC' ? quantity.times(sign) : price.times(quantity).times(-sign);
      return feeAsset === asset ? [swapped, fee.negated()] : [swapped];
    });
    return total([...moved, ...traded]);
  }

  /** What an open order holds of an asset, as if it were alone. */
  protected holds(order: NaiveOrder, asset: string): Exact {
    // On margin, at leverage 1: all that open orders may open, and their fee at the dearer rate.
    const onMargin = this.type === 'margin';
    const share = onMargin ? Exact.max(this.fees.maker, this.fees.taker).plus(1) : n(1);
    if (order.reduceOnly || asset !== (onMargin || order.side === 'buy' ? 'USD' : 'BTC')) return n(0);
    const each = asset === 'BTC' ? n(1) : (order.limit ?? order.trigger ?? n(0)).times(share);
    return this.leaves(order).times(each);
  }

  /** Together with its pair, of which only one can fill. */
  protected held(order: NaiveOrder, asset: string): Exact {
    const { pair, side } = order;
    const group = pair !== null && pair.side === side && this.isOpen(pair) ? [order, pair] : [order];
    return this.sum(group, (one) => this.holds(one, asset));
  }

  protected reserved(asset: string): Exact {
    const [buys, sells] = (['buy', 'sell'] as const).map((side) =>
      this.sum(
        this.open().filter((order) => order.side === side),
        (order) => this.holds(order, asset),
      ),
    );
    return buys.plus(sells);
  }

  /** Over the first `count` fills. */
  protected position(count = this.fills.length): NaivePosition {
    return positionAfter(this.fills.slice(0, count));
  }

  /** Sums by ledger account and asset. */
  private ledger(): Record<string, string> {
    const sums: Record<string, string> = {};
    for (const asset of ['BTC', 'USD']) {
      const outside = total(
        this.transfers.filter((one) => one.asset === asset).map(({ amount }) => amount),
      ).negated();
      const paid = total(this.fills.filter(({ feeAsset }) => feeAsset === asset).map(({ fee }) => fee));
      const cash = this.total(asset);
      const parts = { cash, external: outside, fees: paid, venue: cash.plus(outside).plus(paid).negated() };
      for (const [account, sum] of Object.entries(parts))
        if (!sum.isZero()) sums[`${account} ${asset}`] = text(sum);
    }
    return sums;
  }

  private seenOrder(order: NaiveOrder): OrderSeen {
    const filled = this.filled(order);
    const paid = total(order.fills.map(({ price, quantity }) => price.times(quantity)));
    return {
      status: order.status,
      reason: order.reason,
      filled: text(filled),
      leaves: text(this.leaves(order)),
      average: filled.isZero() ? null : text(paid.div(filled).toDecimalPlaces(18, Exact.ROUND_HALF_EVEN)),
    };
  }
}
