import { expect, it } from 'vitest';
import { Orders, type PlaceOrder } from '../../../src/trading/contract/orders.js';
import { Risk, type RiskLimits } from '../../../src/trading/contract/risk.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, anOrder, showMarket } from '../support/floor.js';
import type { House } from '../support/house.js';
import { anInstrument } from '../support/market-past.js';
import { expectProblem } from '../support/promises.js';

interface Case {
  readonly code: string;
  readonly order: Partial<PlaceOrder>;
  readonly facts: Record<string, unknown>;
  readonly limits?: RiskLimits;
  readonly state?: 'reducing' | 'halted';
}

/** One coin at 90, in a market that stands at 100: it would rest. */
const patient = { type: 'limit', limitPrice: '90', quantity: '1' } as const;

/** Each on an account of its own, with 100,000 USD and nothing else. */
const cases: Case[] = [
  {
    code: 'TRADING_INSTRUMENT_UNKNOWN',
    order: { instrument: 'NOPE-USD.TEST' },
    facts: { instrument: 'NOPE-USD.TEST' },
  },
  {
    code: 'TRADING_PRICE_STEP',
    order: { ...patient, limitPrice: '90.001' },
    facts: { limitPrice: '90.001', tickSize: '0.01' },
  },
  {
    code: 'TRADING_QUANTITY_STEP',
    order: { ...patient, quantity: '1.000001' },
    facts: { quantity: '1.000001', lotSize: '0.00001' },
  },
  {
    code: 'TRADING_NOTIONAL_TOO_SMALL',
    order: { ...patient, quantity: '0.01' },
    facts: { notional: '0.9', minimum: '5' },
  },
  { code: 'TRADING_REDUCE_ONLY', order: { reduceOnly: true }, facts: { quantity: '1', reducible: '0' } },
  {
    code: 'TRADING_PRICE_COLLAR',
    order: { ...patient, limitPrice: '106' },
    facts: { limitPrice: '106', mark: '100', limit: '105' },
  },
  {
    code: 'TRADING_BALANCE_INSUFFICIENT',
    order: { ...patient, quantity: '2000' },
    facts: { asset: 'USD', needed: '180000', free: '100000' },
  },
  {
    code: 'TRADING_QUANTITY_TOO_LARGE',
    limits: { maxOrderQuantity: '0.5' },
    order: patient,
    facts: { quantity: '1', limit: '0.5' },
  },
  {
    code: 'TRADING_NOTIONAL_TOO_LARGE',
    limits: { maxOrderNotional: '50' },
    order: patient,
    facts: { notional: '90', limit: '50' },
  },
  {
    code: 'TRADING_POSITION_TOO_LARGE',
    limits: { maxPosition: '50' },
    order: patient,
    facts: { position: '1', notional: '90', limit: '50' },
  },
  {
    code: 'TRADING_EXPOSURE_TOO_LARGE',
    limits: { maxGrossExposure: '50' },
    order: patient,
    facts: { exposure: '90', limit: '50' },
  },
  {
    code: 'TRADING_NET_EXPOSURE_TOO_LARGE',
    limits: { maxNetExposure: '50' },
    order: patient,
    facts: { exposure: '90', limit: '50' },
  },
  {
    code: 'TRADING_CONCENTRATION_TOO_HIGH',
    limits: { maxConcentration: 0.001 },
    order: { ...patient, quantity: '2' },
    facts: { share: 0.0018, limit: 0.001 },
  },
  {
    code: 'TRADING_LEVERAGE_TOO_HIGH',
    limits: { maxLeverage: 0.01 },
    order: { ...patient, quantity: '20' },
    facts: { leverage: 0.018, limit: 0.01 },
  },
  {
    code: 'TRADING_STATE_REDUCING',
    state: 'reducing',
    order: {},
    facts: { state: 'reducing', reason: 'a bad day', quantity: '1', reducible: '0' },
  },
  {
    code: 'TRADING_STATE_HALTED',
    state: 'halted',
    order: {},
    facts: { state: 'halted', reason: 'a bad day', quantity: '1', reducible: '0' },
  },
];

/** Every risk code an order can be denied with, and the numbers that come with it. */
export function denialsSuite(house: () => House): void {
  describePort(
    'trading.orders denies',
    Orders,
    async () => ({ port: house().get(Orders), risk: house().get(Risk), ...(await aFloor(house())) }),
    (subject) => {
      it.each(cases)('$code', async ({ code, order, facts, limits, state }) => {
        const { port, risk, owner, instrument, account, market } = subject();
        await market('100');
        const asked = { principal: owner, accountId: await account() };
        if (limits) await risk.setLimits({ ...asked, limits });
        if (state) await risk.setState({ ...asked, state: { state, reason: 'a bad day' } });
        const content = anOrder({ instrument, ...order });
        await expectProblem(port.submit({ ...asked, order: content }), code, facts);
        const check = await port.check({ ...asked, order: content });
        expect(check.verdicts).toContainEqual({ rule: expect.any(String), ok: false, code, facts });
        const { items } = await port.list(asked);
        expect(items.map(({ status }) => status)).toEqual(['denied']);
      });

      it('TRADING_INSTRUMENT_NOT_TRADING', async () => {
        const { port, asked } = subject();
        const instrument = await anInstrument(house(), { status: 'paused' });
        const order = anOrder({ instrument });
        const facts = { instrumentStatus: 'paused', needed: 'trading' };
        await expectProblem(port.submit({ ...asked, order }), 'TRADING_INSTRUMENT_NOT_TRADING', facts);
      });

      it('TRADING_QUANTITY_TOO_SMALL', async () => {
        const { port, asked } = subject();
        const instrument = await anInstrument(house(), { minimumQuantity: '0.1' });
        await showMarket(house(), instrument, '100');
        const order = anOrder({ instrument, quantity: '0.01' });
        const facts = { quantity: '0.01', minimum: '0.1' };
        await expectProblem(port.submit({ ...asked, order }), 'TRADING_QUANTITY_TOO_SMALL', facts);
      });

      it('TRADING_MARK_STALE, where no price was ever seen and where the last one is old', async () => {
        const { port, asked } = subject();
        const instrument = await anInstrument(house());
        const order = anOrder({ instrument });
        const unseen = await expectProblem(port.submit({ ...asked, order }), 'TRADING_MARK_STALE');
        expect(unseen.content.facts).toMatchObject({ ageMs: null });
        await showMarket(house(), instrument, '100', 60_000);
        const { content } = await expectProblem(port.submit({ ...asked, order }), 'TRADING_MARK_STALE');
        expect(content.facts).toEqual({ ageMs: expect.any(Number), limitMs: 30_000 });
        expect(content.facts!.ageMs).toBeGreaterThanOrEqual(60_000);
      });

      it('TRADING_MARK_STALE as well where a feed shows nothing but a price of 0', async () => {
        const { port, asked } = subject();
        const instrument = await anInstrument(house());
        const timeMs = Date.now();
        const trade = { id: '1', price: '0', quantity: '1', side: 'buy', timeMs } as const;
        await house().bus.publish({
          type: 'data.market-batch',
          key: `live:${instrument}`,
          session: 'live',
          timeMs,
          data: { instrument, trades: [trade] },
        });
        const order = anOrder({ instrument, ...patient });
        const { content } = await expectProblem(port.submit({ ...asked, order }), 'TRADING_MARK_STALE');
        expect(content.facts).toMatchObject({ ageMs: null });
      });

      it('TRADING_DUPLICATE_ORDER, unless the order has a name', async () => {
        const { port, risk, owner, instrument, account } = subject();
        const asked = { principal: owner, accountId: await account() };
        await risk.setLimits({ ...asked, limits: { duplicateWindowMs: 60_000 } });
        const order = anOrder({ instrument, ...patient });
        await port.submit({ ...asked, order });
        const { content } = await expectProblem(port.submit({ ...asked, order }), 'TRADING_DUPLICATE_ORDER');
        expect(content.facts).toEqual({ ageMs: expect.any(Number), limitMs: 60_000 });
        const check = await port.check({ ...asked, order });
        expect(check.verdicts.find(({ ok }) => !ok)).toMatchObject({ code: 'TRADING_DUPLICATE_ORDER' });
        const named = { ...order, clientOrderId: 'on-purpose' };
        expect((await port.check({ ...asked, order: named })).ok).toBe(true);
        await port.submit({ ...asked, order: named });
        await port.submit({ ...asked, order: { ...order, limitPrice: '90.01' } });
      });

      it('TRADING_SELF_TRADE', async () => {
        const { port, owner, instrument, account, market } = subject();
        await market('100');
        const asked = { principal: owner, accountId: await account({ type: 'margin' }) };
        await port.submit({
          ...asked,
          order: anOrder({ instrument, type: 'limit', limitPrice: '98', quantity: '1' }),
        });
        const order = anOrder({ instrument, side: 'sell', type: 'limit', limitPrice: '98', quantity: '1' });
        const facts = { price: '98', own: '98', scope: 'account' };
        await expectProblem(port.submit({ ...asked, order }), 'TRADING_SELF_TRADE', facts);
      });

      it.each([
        ['TRADING_DAILY_LOSS', { dailyLoss: '1000' }, { loss: null, limit: '1000' }],
        ['TRADING_DRAWDOWN', { maxDrawdown: 0.1 }, { drawdown: null, limit: 0.1 }],
      ] as [string, RiskLimits, Record<string, unknown>][])(
        '%s, also while what is held cannot be valued',
        async (code, limits, facts) => {
          const { port, risk, owner, instrument, account } = subject();
          const initialBalances = { USD: '100000', NOBODYKNOWS: '1' };
          const asked = { principal: owner, accountId: await account({ initialBalances }) };
          await risk.setLimits({ ...asked, limits });
          await expectProblem(
            port.submit({ ...asked, order: anOrder({ instrument, ...patient }) }),
            code,
            facts,
          );
        },
      );

      it('TRADING_OPEN_ORDERS_TOO_MANY', async () => {
        const { port, risk, owner, instrument, account } = subject();
        const asked = { principal: owner, accountId: await account() };
        await risk.setLimits({ ...asked, limits: { maxOpenOrders: 1 } });
        const order = anOrder({ instrument, ...patient });
        await port.submit({ ...asked, order });
        const facts = { open: 1, limit: 1 };
        await expectProblem(port.submit({ ...asked, order }), 'TRADING_OPEN_ORDERS_TOO_MANY', facts);
      });

      it('TRADING_ORDER_RATE', async () => {
        const { port, risk, owner, instrument, account } = subject();
        const asked = { principal: owner, accountId: await account() };
        await risk.setLimits({ ...asked, limits: { maxOrdersPerSecond: 1 } });
        const order = anOrder({ instrument, ...patient });
        const sent = await Promise.allSettled(
          Array.from({ length: 10 }, () => port.submit({ ...asked, order })),
        );
        const refused = sent.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
        expect(refused.length).toBeGreaterThan(0);
        expect(refused.length).toBeLessThan(10);
        for (const reason of refused) {
          await expectProblem(Promise.reject(reason), 'TRADING_ORDER_RATE', { left: 0, limit: 1 });
        }
      });
    },
  );
}
