import { list, object, oneOf, text, time } from '../../kernel/fields.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';
import { Order, PlaceOrder, StopLoss, TakeProfit } from './orders.js';

export const listKinds = ['oco', 'oto', 'bracket'] as const;
export type ListKind = (typeof listKinds)[number];

export const activations = ['partial', 'full'] as const;
export type Activation = (typeof activations)[number];

/** Most children of one entry. */
export const childrenMax = 10;

export class PlaceOrderList {
  @oneOf(listKinds, {
    about:
      '`oco`: two `orders`, one ends the other. `oto`: `entry`, whose fills wake its `children`. `bracket`: `entry` with `takeProfit` and `stopLoss`.',
    example: 'bracket',
  })
  kind: ListKind;

  @list(() => PlaceOrder, { min: 2, max: 2, optional: true, about: 'Of an oco: the two, in one instrument.' })
  orders?: PlaceOrder[];

  @object(() => PlaceOrder, { optional: true, about: 'Of an oto and a bracket.' })
  entry?: PlaceOrder;

  @list(() => PlaceOrder, { min: 1, max: childrenMax, optional: true, about: 'Of an oto.' })
  children?: PlaceOrder[];

  @object(() => TakeProfit, { optional: true, about: 'Of a bracket.' })
  takeProfit?: TakeProfit;

  @object(() => StopLoss, { optional: true, about: 'Of a bracket.' })
  stopLoss?: StopLoss;

  @oneOf(activations, {
    optional: true,
    about:
      '`partial` (default): each fill of the entry wakes that part; `full`: all at once when it is filled.',
  })
  activation?: Activation;
}

export class OrderList {
  @text()
  id: string;
  @text()
  accountId: string;
  @oneOf(listKinds)
  kind: ListKind;
  @oneOf(activations)
  activation: Activation;
  @oneOf(['open', 'closed'], { about: 'Open while one of its orders is.' })
  status: 'open' | 'closed';
  @list(() => Order, { about: 'The entry first.' })
  orders: Order[];
  @time()
  createdAt: string;
}

export interface SubmitListAnswer {
  list: OrderList;
  /** Its client order ids were there before; this is the first list. */
  replayed: boolean;
}

/** Every method takes the principal and answers only for accounts it may use; otherwise TRADING_ACCOUNT_UNKNOWN. */
export abstract class OrderLists {
  static readonly port: PortDescription<OrderLists> = {
    name: 'trading.order-lists',
    methods: { submit: 'act', get: 'read', list: 'read', cancel: 'keyed' },
  };

  /**
   * Places all its orders or none, durable before it answers. When the risk gate denies one, all are kept as denied
   * and its code is thrown. `idempotencyKey`: the same key and content answers the first list again. Throws
   * TRADING_ORDER_INCOMPLETE and TRADING_CLIENT_ORDER_ID_REUSED, and then nothing is kept.
   */
  abstract submit(command: {
    principal: Principal;
    accountId: string;
    list: PlaceOrderList;
    idempotencyKey?: string;
  }): Promise<SubmitListAnswer>;
  /** Throws TRADING_LIST_UNKNOWN. */
  abstract get(query: { principal: Principal; accountId: string; listId: string }): Promise<OrderList>;
  /** Newest first. Throws REQUEST_INVALID for a cursor it did not give out. */
  abstract list(query: { principal: Principal; accountId: string } & PageQuery): Promise<Page<OrderList>>;
  /** Cancels what is open of it; one that is closed already is a success that says so. Throws TRADING_LIST_UNKNOWN. */
  abstract cancel(command: { principal: Principal; accountId: string; listId: string }): Promise<OrderList>;
}
