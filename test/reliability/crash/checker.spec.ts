import { describe, expect, it } from 'vitest';
import { check, type Heard, storiesOf, type Verdict } from './checker.js';
import type { Intent, JournalLine } from './intents.js';
import type { Stored, StoredEvent, StoredOrder } from './rows.js';

const account = 'acc';
const createdAt = '2024-05-01T12:00:00.000Z';
const intent = (id: string, more: Partial<Intent> = {}): JournalLine => ({
  k: 'intent',
  intent: { id, account, act: 'place', key: id, body: { tags: [id] }, ...more },
});
const answer = (id: string, status: number, body: object, replayed = false): JournalLine => ({
  k: 'answer',
  id,
  status,
  replayed,
  body,
});

/** An order as it was answered. */
const told = (id: string, more: object = {}) => ({
  id: `o-${id}`,
  clientOrderId: id,
  accountId: account,
  instrument: 'BTC-USD.SIM',
  side: 'buy',
  type: 'limit',
  timeInForce: 'gtc',
  quantity: '2',
  filledQuantity: '0',
  limitPrice: '10.5',
  triggerPrice: null,
  expireAt: null,
  postOnly: false,
  reduceOnly: false,
  strategyId: null,
  tags: [id],
  createdAt,
  status: 'accepted',
  version: 3,
  ...more,
});
const kept = (id: string, more: Partial<StoredOrder> = {}): StoredOrder => ({
  account,
  id: `o-${id}`,
  clientOrderId: id,
  instrument: 'BTC-USD.SIM',
  side: 'buy',
  type: 'limit',
  timeInForce: 'gtc',
  quantity: '2.0',
  limitPrice: '10.50',
  triggerPrice: null,
  expireMs: null,
  postOnly: false,
  reduceOnly: false,
  strategyId: null,
  tags: [id],
  createdMs: Date.parse(createdAt),
  status: 'accepted',
  filledQuantity: '0',
  version: 3,
  denial: null,
  ...more,
});
const event = (seq: number, type: string, data: object): StoredEvent => ({
  account,
  seq,
  type,
  timeMs: 0,
  data,
});
const orderEvent = (seq: number, { id, status, version, filledQuantity }: StoredOrder): StoredEvent =>
  event(seq, `order-${status}`, { id, status, version, filledQuantity });

/**
 * A small world in order: `a` rests, `b` was filled after an outcome nobody knew, `c` was denied, `d` malformed, `e` a
 * deposit, and `a` was cancelled by `f`.
 */
interface World {
  lines: JournalLine[];
  heard: Heard[];
  stored: { -readonly [Table in keyof Stored]: Stored[Table][number][] };
}

function world(change: (world: World) => void = () => undefined): World {
  const a = kept('a', { status: 'canceled', version: 4 });
  const b = kept('b', { status: 'filled', filledQuantity: '2', version: 5 });
  const c = kept('c', { status: 'denied', version: 2, denial: { code: 'TRADING_PRICE_COLLAR' } });
  const fill = { id: 'f1', orderId: b.id, price: '10', quantity: '2' };
  const made: World = {
    lines: [
      intent('a'),
      answer('a', 201, told('a')),
      intent('b'),
      { k: 'unknown', id: 'b', why: 'ECONNRESET' },
      answer('b', 200, told('b', { status: 'filled', filledQuantity: '2', version: 5 }), true),
      intent('c'),
      answer('c', 422, { code: 'TRADING_PRICE_COLLAR' }),
      intent('d'),
      answer('d', 400, { code: 'REQUEST_MALFORMED' }),
      intent('e', { act: 'deposit', body: { amount: '1.25' } }),
      answer('e', 201, { id: 't1' }),
      intent('f', { act: 'cancel', orderId: a.id }),
      answer('f', 200, told('a', { status: 'canceled', version: 4 })),
    ],
    heard: [{ account, seq: 2, event: { seq: 2, type: 'fill', time: '', data: fill } }],
    stored: {
      orders: [a, b, c],
      fills: [{ account, id: 'f1', tradeId: 'f1', orderId: b.id, seq: 2, booked: 1 }],
      events: [
        event(1, 'order-accepted', { id: a.id, status: 'accepted', version: 3, filledQuantity: '0' }),
        event(2, 'fill', fill),
        orderEvent(3, b),
        orderEvent(4, c),
        event(5, 'transfer', {}),
        orderEvent(6, a),
      ],
      deposits: [{ account, ref: 't1', amount: '1.250', entries: 2 }],
    },
  };
  change(made);
  return made;
}

const verdict = ({ lines, heard, stored }: World): Verdict => check(storiesOf(lines), heard, stored);

describe('the checker', () => {
  it('finds nothing where everything is as it was told', () => {
    const { faults, counts } = verdict(world());
    expect(faults).toEqual([]);
    expect(counts).toMatchObject({
      acknowledged: 2,
      denied: 1,
      refused: 1,
      cancels: 1,
      amends: 0,
      deposits: 1,
      ambiguous: 1,
      ambiguousStored: 1,
      ambiguousLost: 0,
      unsettled: 0,
      fills: 1,
      events: 6,
      heard: 1,
    });
  });

  /** `g` raised the quantity of `b` before it was filled. */
  const amended = (w: World): void => {
    const told5 = told('b', { quantity: '3', version: 4 });
    w.lines.push(intent('g', { act: 'amend', orderId: 'o-b' }), answer('g', 200, told5));
    w.lines[4] = answer('b', 200, told('b', { version: 3 }), true);
    w.stored.orders[1] = { ...w.stored.orders[1], quantity: '3' };
    w.stored.events.splice(1, 0, event(2, 'order-amended', { ...told5, status: 'accepted' }));
    w.stored.events = w.stored.events.map((one, n) => ({ ...one, seq: n + 1 }));
    w.stored.fills[0] = { ...w.stored.fills[0], seq: 3 };
    w.heard = [];
  };

  it('lets terms differ from an answer that was given before they were amended', () => {
    const { faults, counts } = verdict(world(amended));
    expect(faults).toEqual([]);
    expect(counts.amends).toBe(1);
  });

  it('notices an amendment that was lost', () => {
    const lost = world((w) => {
      amended(w);
      w.stored.orders[1] = { ...w.stored.orders[1], quantity: '2' };
    });
    expect(verdict(lost).faults).toEqual(['changed: order o-b was answered with quantity 3 and has 2']);
  });

  const order = (n: number, more: Partial<StoredOrder>) => (w: World) =>
    void (w.stored.orders[n] = { ...w.stored.orders[n], ...more });
  const eventData = (n: number, more: object) => (w: World) =>
    void (w.stored.events[n] = { ...w.stored.events[n], data: { ...w.stored.events[n].data, ...more } });

  it.each<[string, RegExp, (world: World) => void]>([
    [
      'an acknowledged order that is gone',
      /^lost: acknowledged order o-a/,
      (w) => w.stored.orders.splice(0, 1),
    ],
    [
      'an order that is there twice',
      /^doubled: intent b/,
      (w) => w.stored.orders.push(kept('b', { id: 'o-z', clientOrderId: 'z' })),
    ],
    [
      'a client order id that is there twice',
      /^doubled: client order id acc b/,
      (w) => w.stored.orders.push(kept('b', { id: 'o-z' })),
    ],
    ['an order nobody meant', /^unasked/, (w) => w.stored.orders.push(kept('q'))],
    ['other terms', /^changed: .*quantity/, order(1, { quantity: '3' })],
    ['another price', /^changed: .*limitPrice/, order(1, { limitPrice: null })],
    ['another trigger', /^changed: .*triggerPrice/, order(1, { triggerPrice: '9' })],
    ['another end', /^changed: .*expireAt/, order(1, { expireMs: 9 })],
    ['another name', /^changed: .*clientOrderId/, order(1, { clientOrderId: 'x' })],
    ['another time', /^changed: .*createdAt/, order(1, { createdMs: 1 })],
    ['fewer fills than were answered', /^changed: .*filledQuantity/, order(1, { filledQuantity: '1' })],
    ['an end that was taken back', /^changed: .*status/, order(0, { status: 'accepted', version: 5 })],
    ['an older version', /^changed: .*version/, order(1, { version: 4 })],
    ['a denial that was not kept', /^lost: denial c/, (w) => w.stored.orders.splice(2, 1)],
    ['a denial that became an order', /^changed: intent c/, order(2, { status: 'accepted', denial: null })],
    ['a denial in other words', /^changed: intent c/, order(2, { denial: { code: 'TRADING_ORDER_RATE' } })],
    ['a refused request that was stored', /^refused: intent d/, (w) => w.stored.orders.push(kept('d'))],
    ['an intent that was never settled', /^unsettled: intent d/, (w) => w.lines.splice(8, 1)],
    ['a deposit that is gone', /^lost: acknowledged deposit e/, (w) => w.stored.deposits.splice(0, 1)],
    [
      'a deposit booked twice',
      /^doubled: deposit e/,
      (w) => w.stored.deposits.push({ ...w.stored.deposits[0], ref: 't2' }),
    ],
    ['a fill stored twice', /^doubled: fill/, (w) => w.stored.fills.push({ ...w.stored.fills[0], seq: 9 })],
    ['a fill without its event', /^fills: fill f1 is not event 2/, eventData(1, { id: 'f2' })],
    [
      'a fill that is not booked',
      /^fills: fill f1 is booked/,
      (w) => (w.stored.fills[0] = { ...w.stored.fills[0], booked: 0 }),
    ],
    [
      'an event of a fill that is not in the table',
      /^fills: the event log has/,
      (w) => w.stored.fills.splice(0, 1),
    ],
    ['a gap in the log', /^gap: event 5/, (w) => w.stored.events.splice(4, 1)],
    [
      'an order that moves back',
      /^monotone: order o-a went from accepted to submitted/,
      eventData(5, { status: 'submitted' }),
    ],
    [
      'a closed order that lives again',
      /^monotone: order o-b went from filled/,
      (w) =>
        w.stored.events.push(
          event(7, 'order-canceled', { id: 'o-b', status: 'canceled', version: 6, filledQuantity: '2' }),
        ),
    ],
    ['a version that comes twice', /^monotone: order o-a went back/, eventData(5, { version: 3 })],
    ['a log that ends elsewhere', /^monotone: order o-b ends as/, eventData(2, { version: 4 })],
    [
      'an order without an event',
      /^gap: order o-c is in no event/,
      (w) => void (w.stored.events[3] = event(4, 'note', {})),
    ],
    [
      'an event heard that is not stored',
      /^heard: event 9/,
      (w) => void (w.heard[0] = { ...w.heard[0], seq: 9 }),
    ],
    [
      'an event heard in other words',
      /^heard: event 2/,
      (w) => void (w.heard[0] = { ...w.heard[0], event: { ...w.heard[0].event, data: {} } }),
    ],
  ])('notices %s', (_what, says, change) => {
    const { faults } = verdict(world(change));
    expect(faults.filter((fault) => says.test(fault)).length, faults.join('\n')).toBeGreaterThan(0);
  });
});
