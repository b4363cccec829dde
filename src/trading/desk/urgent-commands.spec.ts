import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  aBook,
  anInstrument,
  btc,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import type { PlaceOrder } from '../contract/orders.js';
import { CommandQueue, type Waiting } from './command-queue.js';
import type { CommandKind } from './commands.js';

const principal = trader;

describe('cancels and halts', () => {
  let fresh: FreshDatabase;
  let t: TestDesk;
  beforeAll(async () => {
    fresh = await freshDatabase();
    t = await testDesk(fresh.database);
    await t.market({ book: aBook('50000') });
  });
  afterAll(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  it('get through while the rules of an instrument cannot be read and orders for it are refused', async () => {
    const accountId = await t.account();
    const place = (over: Partial<PlaceOrder> = {}) =>
      t.orders.submit({
        principal,
        accountId,
        order: {
          instrument: btc,
          side: 'buy',
          type: 'limit',
          quantity: '0.01',
          limitPrice: '40000',
          ...over,
        },
      });
    const { order } = await place();
    const { get } = t.instruments;
    t.instruments.get = async () => {
      throw new Error('the market module is away');
    };
    try {
      const [refused, canceled, halted] = await Promise.allSettled([
        place({ instrument: 'ETH-USD.SIM' }),
        t.orders.cancel({ principal, accountId, orderId: order.id }),
        t.risk.setState({ principal, accountId, state: { state: 'halted', reason: 'prices look wrong' } }),
      ]);
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'TRADING_UNAVAILABLE' } });
      expect(canceled).toMatchObject({ status: 'fulfilled', value: { status: 'canceled' } });
      expect(halted).toMatchObject({ status: 'fulfilled', value: { state: 'halted' } });
    } finally {
      t.instruments.get = get;
    }
  });

  it('get through although a request of another order is out and its rules cannot be read', async () => {
    const sol = 'SOL-USD.SIM';
    t.instruments.byId.set(sol, anInstrument({ id: sol, base: 'SOL' }));
    await t.market({ instrument: sol, book: aBook('100') });
    const accountId = await t.account({ fillModel: { placeLatencyMs: 60_000 } });
    const { order } = await t.orders.submit({
      principal,
      accountId,
      order: { instrument: sol, side: 'buy', type: 'limit', quantity: '1', limitPrice: '90' },
    });
    await t.risk.setDeadManSwitch({ principal, accountId, timeoutSeconds: 5 });
    const later = await testDesk(fresh.database, { seed: 'later', clock: t.clock });
    const { get } = later.instruments;
    later.instruments.get = async () => {
      throw new Error('the market module is away');
    };
    try {
      // As after a restart: nothing was read yet.
      expect(
        await later.risk.setState({ principal, accountId, state: { state: 'halted', reason: 'r' } }),
      ).toMatchObject({
        state: 'halted',
      });
      t.clock.ms += 5_000;
      await expect(
        later.risk.setDeadManSwitch({ principal, accountId, timeoutSeconds: 0 }),
      ).resolves.toMatchObject({
        timeoutSeconds: 0,
      });
      expect(await later.orders.get({ principal, accountId, orderId: order.id })).toMatchObject({
        status: 'canceled',
        statusReason: 'dead_man_switch',
      });
    } finally {
      later.instruments.get = get;
      await later.stop();
    }
  });

  it('and orders whose instrument is known get through beside orders for one that nobody can ask about', async () => {
    const accountId = await t.account();
    const place = (instrument: string) =>
      t.orders.submit({
        principal,
        accountId,
        order: { instrument, side: 'buy', type: 'limit', quantity: '0.01', limitPrice: '40000' },
      });
    const { get } = t.instruments;
    t.instruments.get = async () => {
      throw new Error('the market module is away');
    };
    try {
      const [known, unknown] = await Promise.allSettled([place(btc), place('ETH-USD.SIM')]);
      expect(known).toMatchObject({ status: 'fulfilled', value: { order: { status: 'accepted' } } });
      expect(unknown).toMatchObject({ status: 'rejected', reason: { code: 'TRADING_UNAVAILABLE' } });
    } finally {
      t.instruments.get = get;
    }
  });

  it('go first and alone, and take turns with orders so that neither starves', () => {
    const queue = new CommandQueue();
    const push = (...kinds: CommandKind[]): void => {
      for (const kind of kinds) queue.push({ command: { kind, content: { exits: null } } } as Waiting);
    };
    const take = (sizeMax: number): CommandKind[] => queue.take(sizeMax).map(({ command }) => command.kind);
    push('place', 'place', 'cancel', 'market', 'set-state', 'cancel-all');
    expect(take(2)).toEqual(['cancel', 'set-state']);
    expect(take(2)).toEqual(['place', 'place']);
    push('release');
    expect(take(5)).toEqual(['cancel-all', 'release']);
    expect(take(5)).toEqual(['market']);
    expect(take(5)).toEqual([]);
    push('cancel');
    expect(take(5)).toEqual(['cancel']);
    push('cancel');
    expect(take(5)).toEqual(['cancel']);
    push('transfer', 'cancel');
    queue.putBack(
      ['place', 'set-state'].map(
        (kind) => ({ command: { kind, content: { exits: null } } }) as unknown as Waiting,
      ),
    );
    expect(queue.clear().map(({ command }) => command.kind)).toEqual([
      'set-state',
      'cancel',
      'place',
      'transfer',
    ]);
    expect(queue.length).toBe(0);
  });
});
