import { expect } from 'vitest';
import { d } from '../../src/kernel/decimal.js';
import type { Answer, Client } from '../support/client.js';

interface Stage {
  readonly client: Client;
  /** A cash account bound to a running replay, 100,000 USDT. */
  readonly accountId: string;
  readonly instrument: string;
  readonly rules: Record<string, string>;
}

/**
 * Plays a trader who runs into every risk rule once, and checks that each refusal carries its code, the number and
 * the limit. Answers the codes met.
 */
export async function provokeEveryDenial({ client, accountId, instrument, rules }: Stage): Promise<string[]> {
  const orders = `/v1/accounts/${accountId}/orders`;
  const limits = `/v1/accounts/${accountId}/risk/limits`;
  const state = `/v1/accounts/${accountId}/risk/state`;
  const met: string[] = [];
  const whatever = { 'if-match': '*' };

  const buy = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
    instrument,
    side: 'buy',
    type: 'market',
    quantity: '0.001',
    ...over,
  });
  const denied = async (code: string, order: Record<string, unknown>): Promise<void> => {
    expectDenial(await client.post(orders, order), code);
    met.push(code);
  };
  const limited = async (
    limit: Record<string, unknown>,
    code: string,
    order: Record<string, unknown>,
  ): Promise<void> => {
    expect((await client.put(limits, limit, whatever)).status).toBe(200);
    await denied(code, order);
    const off = Object.fromEntries(Object.keys(limit).map((name) => [name, null]));
    expect((await client.put(limits, off, whatever)).status).toBe(200);
  };

  const mark = await firstMark(client, orders, buy());
  // Far enough from the market to rest, on the tick.
  const farBelow = d(mark).times(d('0.7')).toStep(d(rules.tickSize), 'down').toString();

  await denied('TRADING_INSTRUMENT_UNKNOWN', buy({ instrument: 'NOPE-USDT.BINANCE' }));
  await denied('TRADING_PRICE_STEP', buy({ type: 'limit', limitPrice: `${farBelow.split('.')[0]}.001` }));
  await denied('TRADING_QUANTITY_STEP', buy({ quantity: '0.0010001' }));
  await denied(
    'TRADING_NOTIONAL_TOO_SMALL',
    buy({ type: 'limit', quantity: '0.00001', limitPrice: farBelow }),
  );
  await denied('TRADING_BALANCE_INSUFFICIENT', buy({ type: 'limit', quantity: '50', limitPrice: farBelow }));
  await denied(
    'TRADING_PRICE_COLLAR',
    buy({ type: 'limit', limitPrice: d(mark).times(d('1.5')).toStep(d('0.01'), 'down').toString() }),
  );
  await denied('TRADING_REDUCE_ONLY', buy({ reduceOnly: true }));
  await limited({ maxOrderQuantity: '0.002' }, 'TRADING_QUANTITY_TOO_LARGE', buy({ quantity: '0.003' }));
  await limited({ maxOrderNotional: '10' }, 'TRADING_NOTIONAL_TOO_LARGE', buy());
  await limited({ maxPosition: '20' }, 'TRADING_POSITION_TOO_LARGE', buy({ quantity: '0.005' }));
  await limited({ maxGrossExposure: '20' }, 'TRADING_EXPOSURE_TOO_LARGE', buy({ quantity: '0.005' }));

  const resting = await client.post(orders, buy({ type: 'limit', limitPrice: farBelow }));
  expect(resting.status, JSON.stringify(resting.body)).toBe(201);
  await limited(
    { maxOpenOrders: 1 },
    'TRADING_OPEN_ORDERS_TOO_MANY',
    buy({ type: 'limit', limitPrice: farBelow }),
  );
  expect((await client.delete(`${orders}/${resting.body.id}`)).status).toBe(200);

  expect((await client.put(state, { state: 'reducing', reason: 'the story goes so' })).status).toBe(200);
  await denied('TRADING_STATE_REDUCING', buy({ quantity: '0.01' }));
  expect((await client.put(state, { state: 'halted', reason: 'the story goes so' })).status).toBe(200);
  await denied('TRADING_STATE_HALTED', buy());
  expect((await client.put(state, { state: 'active', reason: 'the story goes on' })).status).toBe(200);

  const asIs = `/v1/instruments/${instrument}`;
  expect((await client.put(asIs, { ...rules, minimumQuantity: '0.001' })).status).toBe(200);
  await denied('TRADING_QUANTITY_TOO_SMALL', buy({ quantity: '0.0005' }));
  expect((await client.put('/v1/instruments/ETH-USDT.BINANCE', { ...rules, status: 'paused' })).status).toBe(
    200,
  );
  await denied('TRADING_INSTRUMENT_NOT_TRADING', buy({ instrument: 'ETH-USDT.BINANCE' }));
  expect((await client.put('/v1/instruments/ETH-USDT.BINANCE', rules)).status).toBe(200);
  // It trades, but the replay brings no price for it.
  await denied('TRADING_MARK_STALE', buy({ instrument: 'ETH-USDT.BINANCE' }));
  expect((await client.put(asIs, rules)).status).toBe(200);

  expect((await client.put(limits, { maxOrdersPerSecond: 1 }, whatever)).status).toBe(200);
  // The replay's clock jumps from bar to bar, so the burst must meet within one of its steps.
  await until(async () => {
    const burst = await Promise.all(
      Array.from({ length: 20 }, () => client.post(orders, buy({ type: 'limit', limitPrice: farBelow }))),
    );
    const refused = burst.find((answer) => answer.body.code === 'TRADING_ORDER_RATE');
    if (refused) expectDenial(refused, 'TRADING_ORDER_RATE');
    return refused !== undefined;
  });
  met.push('TRADING_ORDER_RATE');
  expect((await client.put(limits, { maxOrdersPerSecond: null }, whatever)).status).toBe(200);
  return met;
}

/** Buys a little as soon as the replay has brought a price; answers what was paid. */
async function firstMark(client: Client, orders: string, order: Record<string, unknown>): Promise<string> {
  let price: string | null = null;
  await until(async () => {
    const answer = await client.post(orders, order);
    if (answer.status !== 201) return false;
    price = answer.body.averagePrice;
    return price !== null;
  });
  return price!;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await done()) return;
    await new Promise((wake) => setTimeout(wake, 10));
  }
  throw new Error('it did not happen in a hundred tries');
}

function expectDenial(answer: Answer, code: string): void {
  expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ status: 422, code });
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
}
