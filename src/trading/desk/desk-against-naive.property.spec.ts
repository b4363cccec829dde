import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NaiveDesk } from '../../../test/support/naive-desk.js';
import {
  type Act,
  bookAct,
  FastDesk,
  type OrderAct,
  type TradedWorld,
} from '../../../test/support/traded-world.js';

const fees = { maker: '0.0002', taker: '0.0007' };
type Type = 'cash' | 'margin';
const worlds: readonly (readonly [string, (type: Type, balances: Record<string, string>) => TradedWorld])[] =
  [
    ['the desk', (type, balances) => new FastDesk(type, balances, fees)],
    ['the naive desk', (type, balances) => new NaiveDesk(type, balances, fees)],
  ];

const market = (side: 'buy' | 'sell', quantity: string, how: 'ioc' | 'fok' | 'reduce' = 'ioc'): Act => ({
  kind: 'order',
  type: 'market',
  side,
  quantity,
  price: '0',
  how,
});
const limit = (
  side: 'buy' | 'sell',
  quantity: string,
  price: string,
  how: OrderAct['how'] = 'gtc',
): OrderAct => ({
  kind: 'order',
  type: 'limit',
  side,
  quantity,
  price,
  how,
});
const waiting = (
  type: OrderAct['type'],
  side: 'buy' | 'sell',
  quantity: string,
  trigger: string,
  over: Partial<OrderAct> = {},
): OrderAct => ({ kind: 'order', type, side, quantity, price: '0', trigger, how: 'gtc', ...over });
const trade = (side: 'buy' | 'sell', quantity: string, price: string): Act => ({
  kind: 'trade',
  side,
  quantity,
  price,
});

/** Stories every desk must tell alike. The book stands around 100: one unit at 99.5, 99, … and at 100.5, 101, … */
describe.each(worlds)('%s', (_name, make) => {
  const open = (type: Type = 'cash'): TradedWorld => {
    const world = make(type, { USD: '1000', BTC: '10' });
    world.act(bookAct('100'));
    return world;
  };

  it('walks the book with a market order and takes the fee from what it receives', () => {
    const world = open();
    expect(world.act(market('buy', '1.5'))).toBe('filled');
    const { fills, balances, position, orders } = world.seen();
    expect(fills.map(({ price, quantity, fee, feeAsset }) => [price, quantity, fee, feeAsset])).toEqual([
      ['100.5', '1', '0.0007', 'BTC'],
      ['101', '0.5', '0.00035', 'BTC'],
    ]);
    expect(orders[0].average).toBe('100.666666666666666667');
    expect(balances.USD.total).toBe('849');
    expect(balances.BTC.total).toBe('11.49895');
    expect(position.quantity).toBe('1.49895');
  });

  it('does not take the same displayed quantity twice, until the level changes', () => {
    const world = open();
    world.act(market('buy', '1'));
    world.act(market('buy', '1'));
    world.act(bookAct('100'));
    world.act(market('buy', '1'));
    world.act(bookAct('90'));
    world.act(bookAct('100'));
    world.act(market('buy', '1'));
    expect(world.seen().fills.map(({ price }) => price)).toEqual(['100.5', '101', '101.5', '100.5']);
  });

  it('lets a resting order wait for its turn in the queue', () => {
    const world = open();
    world.act(limit('buy', '2', '99'));
    world.act(trade('sell', '0.4', '99'));
    expect(world.seen().fills).toEqual([]);
    world.act(trade('sell', '1', '99'));
    expect(world.seen().fills).toMatchObject([{ quantity: '0.25', price: '99', liquidity: 'maker' }]);
    world.act(trade('buy', '9', '99'));
    expect(world.seen().fills).toHaveLength(1);
    world.act(trade('sell', '40', '98.5'));
    expect(world.seen().orders[0]).toMatchObject({ status: 'filled', average: '99' });
  });

  it('holds what an open order may cost, and gives it back', () => {
    const world = open();
    world.act(limit('buy', '2', '99'));
    world.act(limit('sell', '3', '120'));
    expect(world.seen().balances).toEqual({
      USD: { total: '1000', reserved: '198', free: '802' },
      BTC: { total: '10', reserved: '3', free: '7' },
    });
    expect(world.act(limit('sell', '7.1', '120'))).toBe('TRADING_BALANCE_INSUFFICIENT');
    expect(world.act({ kind: 'transfer', way: 'withdrawal', asset: 'USD', amount: '802.01' })).toBe(
      'TRADING_BALANCE_TOO_LOW',
    );
    world.act({ kind: 'cancel', nth: 0 });
    expect(world.seen().balances.USD.free).toBe('1000');
  });

  it('closes at the old average and opens the rest at the new price', () => {
    const world = make('margin', { USD: '1000000' });
    world.act(bookAct('100'));
    world.act(market('buy', '2'));
    world.act(bookAct('110'));
    world.act(market('sell', '3'));
    const { fills, position } = world.seen();
    expect(fills.map(({ realisedPnl }) => realisedPnl)).toEqual(['0', '0', '8.75', '8.25', '0']);
    expect(position).toMatchObject({ quantity: '-1', averagePrice: '108.5', realisedPnl: '17' });
  });

  it('refuses to open while it may only reduce, and everything while it is halted', () => {
    const world = make('margin', { USD: '1000000' });
    world.act(bookAct('100'));
    world.act(market('buy', '2'));
    world.act({ kind: 'state', state: 'reducing' });
    expect(world.act(market('buy', '1'))).toBe('TRADING_STATE_REDUCING');
    expect(world.act(market('sell', '2.1'))).toBe('TRADING_STATE_REDUCING');
    expect(world.act(market('sell', '1'))).toBe('filled');
    world.act({ kind: 'state', state: 'halted' });
    expect(world.act(market('sell', '1'))).toBe('TRADING_STATE_HALTED');
  });

  it('wakes a stop with a trade that reaches it, and sells at what is bid then', () => {
    const world = open();
    expect(world.act(waiting('stop_market', 'sell', '1.5', '99'))).toBe('accepted');
    world.act(trade('sell', '1', '99.1'));
    expect(world.seen().fills).toEqual([]);
    world.act(trade('sell', '1', '99'));
    expect(world.seen().fills.map(({ price, quantity }) => [price, quantity])).toEqual([
      ['99.5', '1'],
      ['99', '0.5'],
    ]);
    expect(world.act(waiting('stop_market', 'sell', '1', '99'))).toBe('rejected');
    expect(world.seen().orders[1].reason).toBe('would_trigger');
  });

  it('takes its profit at its limit or better, and rests with what it cannot', () => {
    const world = open();
    world.act(waiting('take_profit_limit', 'sell', '2', '101', { price: '99.5' }));
    expect(world.seen().balances.BTC).toEqual({ total: '10', reserved: '2', free: '8' });
    world.act(trade('buy', '1', '101'));
    expect(world.seen().orders[0]).toMatchObject({ status: 'partially_filled', filled: '1', leaves: '1' });
    world.act(bookAct('101'));
    expect(world.seen().orders[0]).toMatchObject({ status: 'filled', average: '99.5' });
  });

  it('holds for a pair what one of it needs, shrinks the other by each part, and to what it has with the last', () => {
    const world = open();
    const pair = [limit('sell', '2', '101'), waiting('stop_market', 'sell', '1', '98')] as const;
    expect(world.act({ kind: 'oco', orders: pair })).toBe('accepted accepted');
    expect(world.seen().balances.BTC.reserved).toBe('2');
    world.act(trade('buy', '4', '101.5'));
    expect(world.seen().orders.map(({ leaves }) => leaves)).toEqual(['1', '0.5']);
    world.act(trade('sell', '1', '97'));
    expect(world.seen().orders).toMatchObject([
      { status: 'filled', filled: '1' },
      { status: 'filled', filled: '0.5' },
    ]);
    expect(world.seen().balances.BTC.reserved).toBe('0');
  });

  it('changes an order in place, behind the others where it asks for more, and never to what is filled', () => {
    const world = open();
    world.act(limit('buy', '2', '99'));
    expect(world.act({ kind: 'amend', nth: 0, quantity: '20' })).toBe('TRADING_BALANCE_INSUFFICIENT');
    expect(world.act({ kind: 'amend', nth: 0, trigger: '90' })).toBe('TRADING_ORDER_INCOMPLETE');
    expect(world.act({ kind: 'amend', nth: 0, quantity: '4', price: '101' })).toBe('partially_filled');
    expect(world.seen().balances.USD.reserved).toBe('202');
    expect(world.act({ kind: 'amend', nth: 0, quantity: '2' })).toBe('TRADING_AMEND_BELOW_FILLED');
    world.act({ kind: 'cancel', nth: 0 });
    expect(world.act({ kind: 'amend', nth: 0, quantity: '9' })).toBe('TRADING_ORDER_CLOSED');
  });

  it.each<[Act, string, string | null]>([
    [limit('buy', '1', '100.5', 'post'), 'rejected', 'would_take_liquidity'],
    [limit('buy', '1', '100', 'post'), 'accepted', null],
    [limit('buy', '2', '100.5', 'ioc'), 'canceled', 'ioc_remainder'],
    [limit('buy', '2', '100.5', 'fok'), 'canceled', 'fok_unfillable'],
    [limit('buy', '2', '101', 'fok'), 'filled', null],
    [limit('sell', '11', '99.5', 'reduce'), 'TRADING_REDUCE_ONLY', 'TRADING_REDUCE_ONLY'],
    [market('sell', '9.95', 'fok'), 'filled', null],
  ])('answers %j with %s', (act, says, reason) => {
    const world = open();
    expect(world.act(act)).toBe(says);
    expect(world.seen().orders[0].reason).toBe(reason);
  });
});

/** Anything, in any order, where much is likely to meet: prices between 90 and 110 and a book that jumps about. */
const price = fc.integer({ min: 90, max: 110 }).map(String);
const tenths = fc.integer({ min: 1, max: 40 }).map((n) => String(n / 10));
const side = fc.constantFrom('buy' as const, 'sell' as const);
const level = fc.record({ away: fc.integer({ min: 1, max: 30 }), quantity: tenths });
const book: fc.Arbitrary<Act> = fc
  .record({
    mid: fc.integer({ min: 92, max: 108 }),
    bids: fc.uniqueArray(level, { minLength: 1, maxLength: 6, selector: ({ away }) => away }),
    asks: fc.uniqueArray(level, { minLength: 1, maxLength: 6, selector: ({ away }) => away }),
  })
  .map(({ mid, bids, asks }) => {
    const levels = (side: typeof bids, sign: 1 | -1): [string, string][] =>
      side
        .toSorted((a, b) => a.away - b.away)
        .map(({ away, quantity }) => [String(mid + (sign * away) / 2), quantity]);
    return { kind: 'book', bids: levels(bids, -1), asks: levels(asks, 1) };
  });
const how = fc.constantFrom<OrderAct['how'][]>('gtc', 'gtc', 'ioc', 'fok', 'post', 'reduce');
const asleep = ['stop_market', 'stop_limit', 'take_profit_market', 'take_profit_limit'] as const;
const orderOf = (types: readonly OrderAct['type'][], hows = how): fc.Arbitrary<OrderAct> =>
  fc
    .record({
      kind: fc.constant('order' as const),
      side,
      type: fc.constantFrom(...types),
      quantity: tenths,
      price,
      trigger: price,
      how: hows,
    })
    // Only an order with a limit can promise to rest; one that sleeps might not when it wakes.
    .map((one) => (one.how === 'post' && one.type !== 'limit' ? { ...one, how: 'ioc' } : one));
const order = orderOf(['market', 'limit', 'limit', 'limit', ...asleep]);
const leg = orderOf(['limit', ...asleep], fc.constantFrom<OrderAct['how'][]>('gtc', 'gtc', 'reduce'));
const nth = fc.nat({ max: 30 });
const recent = fc.nat({ max: 5 });
const amends = fc.constant('amend' as const);
const amendment: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: amends, nth: recent, quantity: tenths }),
  fc.record({ kind: amends, nth: recent, price }),
  fc.record({ kind: amends, nth: recent, trigger: price }),
  fc.record(
    { kind: amends, nth: recent, quantity: tenths, price, trigger: price },
    { requiredKeys: ['kind', 'nth'] },
  ),
);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: order },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('oco' as const), orders: fc.tuple(leg, leg) }) },
  { weight: 3, arbitrary: amendment },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), nth }) },
  { weight: 3, arbitrary: book },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('trade' as const), price, quantity: tenths, side }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('transfer' as const),
      way: fc.constantFrom('deposit' as const, 'withdrawal' as const),
      asset: fc.constantFrom('USD' as const, 'BTC' as const),
      amount: fc.integer({ min: 1, max: 300 }).map(String),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('state' as const),
      state: fc.constantFrom('active' as const, 'active' as const, 'reducing' as const, 'halted' as const),
    }),
  },
);

/** PROPERTY_RUNS=6000 looks longer; the seed of a failure is in its message. */
const histories = Number(process.env.PROPERTY_RUNS ?? 300);

describe('the desk and the naive desk', () => {
  it.each<[Type, Record<string, string>]>([
    ['cash', { USD: '1000', BTC: '10' }],
    ['margin', { USD: '1000000000', BTC: '1000000' }],
  ])(
    'agree to the last digit on any history of a %s account',
    (type, balances) => {
      const outcomes = new Map<string, number>();
      let fills = 0;
      fc.assert(
        fc.property(fc.array(act, { minLength: 10, maxLength: 50 }), (acts) => {
          const [desk, naive] = worlds.map(([, make]) => make(type, balances));
          for (const one of [bookAct('100'), ...acts]) {
            const says = naive.act(one);
            expect(desk.act(one)).toBe(says);
            outcomes.set(says, (outcomes.get(says) ?? 0) + 1);
          }
          const seen = desk.seen();
          expect(seen).toEqual(naive.seen());
          for (const { status, reason } of seen.orders)
            for (const end of new Set([status, reason ?? '']))
              outcomes.set(end, (outcomes.get(end) ?? 0) + 1);
          fills += seen.fills.length;
        }),
        { numRuns: histories },
      );
      // Otherwise they would agree on nothing.
      expect(fills).toBeGreaterThan(histories);
      const met = [
        'filled',
        'accepted',
        'partially_filled',
        'canceled',
        'rejected',
        'triggered',
        'TRADING_REDUCE_ONLY',
        'TRADING_STATE_HALTED',
        'TRADING_WOULD_TRIGGER',
        'would_trigger',
        'oco',
      ];
      for (const outcome of [...met, ...(type === 'cash' ? ['TRADING_BALANCE_INSUFFICIENT'] : [])])
        expect(outcomes.get(outcome) ?? 0, outcome).toBeGreaterThan(histories / 100);
    },
    60_000,
  );
});
