import { createHash } from 'node:crypto';
import type { Activation, ListKind, PlaceOrderList } from '../contract/order-lists.js';
import type { ListRole, OrderType, PlaceOrder } from '../contract/orders.js';
import { contentHash, type OrderContent, orderContent } from './order-content.js';
import { type Exit, type Exits, readExits } from './order-exits.js';
import { incomplete } from './order-fields.js';
import { mayRest } from './order-types.js';

/** One order of a list. */
export interface ListMember {
  readonly role: ListRole;
  readonly clientOrderId: string | null;
  /** The quantity of an exit is its entry's, which a notional leaves open until it is placed. */
  readonly content: OrderContent;
}

/** A list in one form. An entry is the first of its members. */
export interface ListContent {
  readonly kind: ListKind;
  readonly activation: Activation;
  readonly members: readonly ListMember[];
}

/** Reads a list. Throws TRADING_ORDER_INCOMPLETE when its parts do not fit its kind or one another. */
export function listContent(list: PlaceOrderList): ListContent {
  const { kind, activation = 'partial' } = list;
  const wanted = {
    oco: ['orders'],
    oto: ['entry', 'children'],
    bracket: ['entry', 'takeProfit', 'stopLoss'],
  }[kind];
  for (const part of ['orders', 'entry', 'children', 'takeProfit', 'stopLoss'] as const) {
    if ((list[part] !== undefined) === wanted.includes(part)) continue;
    throw incomplete(
      `/${part}`,
      wanted.includes(part) ? `${kind} needs ${part}` : `${kind} takes no ${part}`,
    );
  }
  if (kind === 'oco' && list.activation !== undefined)
    throw incomplete('/activation', 'an oco waits for no entry');
  const members = kind === 'oco' ? pairOf(list.orders!) : withEntry(list, activation);
  const names = members.flatMap(({ clientOrderId }) => clientOrderId ?? []);
  if (new Set(names).size < names.length) {
    throw incomplete(
      '/clientOrderId',
      'two orders of the list have the same clientOrderId; each needs its own',
    );
  }
  return { kind, activation, members };
}

/** A single order with exits is a list of its own: a bracket, or an entry with one child. */
export function listOfEntry(content: OrderContent, clientOrderId: string | null): ListContent | null {
  const { exits } = content;
  if (exits === null) return null;
  return {
    kind: exits.takeProfit !== null && exits.stopLoss !== null ? 'bracket' : 'oto',
    activation: 'partial',
    members: [{ role: 'entry', clientOrderId, content }, ...exitMembers(content, exits)],
  };
}

/** Same list, same hash, for each of its members. */
export function listHash({ kind, activation, members }: ListContent): string {
  const parts = members.map(({ role, clientOrderId, content }) => [
    role,
    clientOrderId,
    contentHash(content, null),
  ]);
  const canonical = JSON.stringify([kind, activation, parts]);
  return createHash('sha256').update(canonical).digest('base64url').slice(0, 32);
}

function pairOf(orders: readonly PlaceOrder[]): ListMember[] {
  const members = orders.map((order, n) => member(order, 'leg', `/orders/${n}`));
  for (const [n, { content }] of members.entries()) {
    if (!canWait(content)) {
      throw incomplete(
        `/orders/${n}/timeInForce`,
        'both orders of an oco must be able to wait for each other',
      );
    }
    if (content.instrument !== members[0].content.instrument) {
      throw incomplete(`/orders/${n}/instrument`, 'both orders of an oco are in one instrument');
    }
  }
  return members;
}

function withEntry(list: PlaceOrderList, activation: Activation): ListMember[] {
  const entry = member(list.entry!, 'entry', '/entry');
  if (list.kind === 'bracket') {
    const exits = readExits(entry.content, list, '');
    return [entry, ...exitMembers(entry.content, exits!)];
  }
  const children = list.children!.map((child, n) => member(child, 'child', `/children/${n}`));
  for (const [n, { content }] of children.entries()) {
    if (content.quantity === null) throw incomplete(`/children/${n}/quantity`, 'a child names its quantity');
    if (activation === 'partial' && !canWait(content)) {
      const detail = 'a child that is woken part by part must be able to wait; or send activation full';
      throw incomplete(`/children/${n}/timeInForce`, detail);
    }
  }
  return [entry, ...children];
}

function member(order: PlaceOrder, role: ListRole, at: string): ListMember {
  const content = orderContent(order, at);
  if (content.exits !== null) {
    throw incomplete(
      `${at}/${content.exits.takeProfit ? 'takeProfit' : 'stopLoss'}`,
      'exits belong to the list, not to its orders',
    );
  }
  return { role, clientOrderId: order.clientOrderId ?? null, content };
}

function canWait({ type, timeInForce }: OrderContent): boolean {
  return type !== 'market' && mayRest(timeInForce);
}

function exitMembers(entry: OrderContent, exits: Exits): ListMember[] {
  const members: ListMember[] = [];
  if (exits.takeProfit !== null) members.push(exitMember(entry, exits.takeProfit, 'take_profit'));
  if (exits.stopLoss !== null) members.push(exitMember(entry, exits.stopLoss, 'stop_loss'));
  return members;
}

function exitMember(entry: OrderContent, exit: Exit, role: 'take_profit' | 'stop_loss'): ListMember {
  const kinds: readonly [OrderType, OrderType] =
    role === 'take_profit' ? ['take_profit_limit', 'take_profit_market'] : ['stop_limit', 'stop_market'];
  const [withLimit, atMarket] = kinds;
  const type = exit.triggerPrice === null ? 'limit' : exit.limitPrice === null ? atMarket : withLimit;
  return {
    role,
    clientOrderId: null,
    content: {
      ...exit,
      instrument: entry.instrument,
      side: entry.side === 'buy' ? 'sell' : 'buy',
      type,
      timeInForce: 'gtc',
      quantity: null,
      notional: null,
      postOnly: false,
      reduceOnly: true,
      tags: entry.tags,
      trailing: null,
      expireAtMs: null,
      exits: null,
    },
  };
}
