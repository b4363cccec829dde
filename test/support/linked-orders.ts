import type { PlaceOrderList } from '../../src/trading/contract/order-lists.js';
import type { Order, PlaceOrder } from '../../src/trading/contract/orders.js';
import { aBook, aTrade, btc } from './trading-desk.js';
import { TestAccount } from './trading-state.js';

/** Without fees and with the whole of every trade for us; asks 100.5, 101 …, bids 99.5, 99 …, one unit each. */
export function startLinked(options: ConstructorParameters<typeof TestAccount>[0] = {}): TestAccount {
  const fillModel = { makerFee: '0', takerFee: '0', participation: '1', slippage: '0' };
  const account = new TestAccount({ type: 'margin', fillModel, ...options });
  account.market({ book: aBook('100') });
  return account;
}
export const showTrade = (
  account: TestAccount,
  price: string,
  quantity = '50',
  side: 'buy' | 'sell' = 'sell',
): void => account.market({ trades: [aTrade(price, quantity, side, account.clock.ms)] });
export const aLimitOrder = (over: Partial<PlaceOrder>): PlaceOrder => ({
  instrument: btc,
  side: 'buy',
  type: 'limit',
  quantity: '1',
  ...over,
});
export const aBracket = (
  over: Partial<PlaceOrderList> = {},
  entry: Partial<PlaceOrder> = {},
): PlaceOrderList => ({
  kind: 'bracket',
  entry: aLimitOrder({ limitPrice: '95', ...entry }),
  takeProfit: { limitPrice: '110' },
  stopLoss: { triggerPrice: '90' },
  ...over,
});
/** `status quantity/filled` of each order, and why it ended. */
export function statesOf(account: TestAccount, orders: readonly Order[]): string[] {
  return orders.map(({ id }) => {
    const order = account.state.open.get(id) ?? account.desk.recent.get(account.id, id)!;
    const { status, statusReason, terms, filledQuantity } = order;
    return [`${status} ${terms.quantity}/${filledQuantity}`, statusReason].filter(Boolean).join(' ');
  });
}
