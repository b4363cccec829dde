import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  aBook,
  anInstrument,
  btc,
  operator,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import { NoMetrics } from '../../kernel/metrics.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { FundingPayment } from '../contract/accounts.js';
import { LedgerVerifier } from '../portfolio/ledger-verifier.service.js';
import { PortfolioMetrics } from '../portfolio/portfolio.metrics.js';
import { PortfolioRepository } from '../portfolio/portfolio.repository.js';
import { TradingMetrics } from '../trading.metrics.js';

const principal = trader;
const perp = 'BTC-USD-PERP.SIM';

let fresh: FreshDatabase;
let t: TestDesk;
let verifier: LedgerVerifier;
let rows: PortfolioRepository;
beforeAll(async () => {
  fresh = await freshDatabase();
  t = await testDesk(fresh.database);
  t.instruments.byId.set(perp, anInstrument({ id: perp, makerFee: '0', takerFee: '0' }));
  rows = new PortfolioRepository(fresh.database);
  const metrics = new NoMetrics();
  verifier = new LedgerVerifier(
    t.desk,
    fresh.database,
    rows,
    t.clock,
    new PortfolioMetrics(metrics),
    new TradingMetrics(metrics),
  );
});
afterAll(async () => {
  await t?.stop();
  await fresh?.drop();
});

const margin = () => t.account({ type: 'margin', leverage: 5 });
const later = (ms = 1_000): number => (t.clock.ms += ms);
async function trade(accountId: string, side: 'buy' | 'sell', quantity: string): Promise<void> {
  await t.market({ instrument: perp, book: aBook('100', '1000') });
  await t.orders.submit({
    principal,
    accountId,
    order: { instrument: perp, side, type: 'market', quantity },
  });
}
const pay = (timeMs: number, over: Partial<FundingPayment> = {}) =>
  t.accounts.payFunding({
    principal: operator,
    payment: { instrument: perp, rate: '0.001', markPrice: '100', time: toRfc3339(timeMs), ...over },
  });
async function fundingOf(accountId: string): Promise<string[]> {
  const { items } = await rows.ledger(accountId, { limit: 500 });
  return items
    .filter(({ kind, account }) => kind === 'funding' && account === 'cash')
    .map(({ amount }) => amount);
}
const balanceOf = async (accountId: string): Promise<string> =>
  (await t.accounts.get({ principal, accountId })).balances.find(({ asset }) => asset === 'USD')!.total;

describe('a funding payment', () => {
  it('is paid by longs and received by shorts, balanced, and told in the log', async () => {
    const [long, short, flat] = [await margin(), await margin(), await margin()];
    await trade(long, 'buy', '10');
    await trade(short, 'sell', '4');
    await trade(flat, 'buy', '1');
    await trade(flat, 'sell', '1');
    const before = await balanceOf(short);
    const dueMs = later();
    later();
    const payment = { instrument: perp, rate: '0.001', markPrice: '100', time: toRfc3339(dueMs) };
    expect(await pay(dueMs)).toEqual({ ...payment, accounts: 2, before: 0 });
    expect(await fundingOf(long)).toEqual(['-1']);
    expect(await fundingOf(short)).toEqual(['0.4']);
    expect(await fundingOf(flat)).toEqual([]);
    expect(Number(await balanceOf(short))).toBeCloseTo(Number(before) + 0.4, 9);
    const { items } = await rows.events(long, {});
    expect(items.at(-2)).toMatchObject({
      type: 'funding',
      data: { instrument: perp, quantity: '10', rate: '0.001', markPrice: '100', amount: '-1', asset: 'USD' },
    });
    expect(items.at(-1)).toMatchObject({ type: 'balance-changed' });
    expect((await verifier.verify(long)).differences).toEqual([]);
    expect((await verifier.verify(short)).differences).toEqual([]);
    // Against a negative rate the other way round.
    later();
    await pay(later(), { rate: '-0.002' });
    expect(await fundingOf(long)).toEqual(['-1', '2']);
    await trade(long, 'sell', '10');
    await trade(short, 'buy', '4');
  });

  it('is booked once for each account, however often it is sent and whoever was missed before', async () => {
    const first = await margin();
    await trade(first, 'buy', '2');
    const dueMs = later();
    later();
    expect(await pay(dueMs)).toMatchObject({ accounts: 1, before: 0 });
    const before = await t.desk.stateHash(first);
    const again = await Promise.all([pay(dueMs), pay(dueMs), pay(dueMs)]);
    expect(again.map(({ accounts }) => accounts)).toEqual([0, 0, 0]);
    expect(await t.desk.stateHash(first)).toBe(before);
    await expect(pay(dueMs, { rate: '0.002' })).rejects.toMatchObject({
      code: 'TRADING_FUNDING_DIFFERS',
      content: { facts: { rate: '0.001', markPrice: '100' } },
    });
    expect(await fundingOf(first)).toEqual(['-0.2']);
    await trade(first, 'sell', '2');
  });

  it('is paid on what was held then, though it comes late', async () => {
    const account = await margin();
    await trade(account, 'buy', '3');
    const dueMs = later();
    later();
    await trade(account, 'buy', '7');
    later();
    await trade(account, 'sell', '10');
    expect(await pay(dueMs)).toMatchObject({ accounts: 1 });
    expect(await fundingOf(account)).toEqual(['-0.3']);
    expect((await verifier.verify(account)).differences).toEqual([]);
  });

  it('is nothing to an account that has begun again since', async () => {
    const account = await margin();
    await trade(account, 'buy', '3');
    const dueMs = later();
    later();
    await t.accounts.reset({ principal, accountId: account, reset: {} });
    expect(await pay(dueMs)).toMatchObject({ accounts: 0 });
    expect((await verifier.verify(account)).differences).toEqual([]);
  });

  it('is refused for what pays none, for a time to come, and from others than operators', async () => {
    await expect(pay(t.clock.ms, { instrument: btc })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(pay(t.clock.ms + 1)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const payment = { instrument: perp, rate: '0.1', markPrice: '100', time: toRfc3339(t.clock.ms) };
    await expect(t.accounts.payFunding({ principal, payment })).rejects.toMatchObject({
      code: 'REQUEST_FORBIDDEN',
    });
  });

  it('is found by the verification when somebody has changed it', async () => {
    const account = await margin();
    await trade(account, 'buy', '5');
    await pay(later());
    await fresh.database.query(
      `UPDATE trading.account_events SET data = (data::jsonb || '{"quantity":"4"}')::json WHERE account_id = $1 AND type = 'funding'`,
      [account],
    );
    const { differences } = await verifier.verify(account);
    expect(differences).toEqual([
      expect.stringMatching(/^funding \S+ was paid on 4 of BTC-USD-PERP.SIM; the fills give 5$/),
      expect.stringMatching(/^funding \S+ says -0.5; rate and price give -0.4$/),
    ]);
    await trade(account, 'sell', '5');
  });
});

describe('any history of trades and payments', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('trade' as const),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      quantity: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({
      kind: fc.constant('pay' as const),
      rate: fc.integer({ min: -30, max: 30 }),
      price: fc.integer({ min: 80, max: 120 }),
    }),
    fc.record({ kind: fc.constant('resend' as const), nth: fc.nat(20) }),
  );

  it('sums to zero, and what is sent again changes nothing', async () => {
    let resent = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const account = await margin();
        const sent: { timeMs: number; rate: string; markPrice: string }[] = [];
        let held = 0;
        let owed = 0;
        for (const s of steps) {
          later();
          if (s.kind === 'trade') {
            await trade(account, s.side, `${s.quantity}`);
            held += s.side === 'buy' ? s.quantity : -s.quantity;
          } else if (s.kind === 'pay') {
            const payment = { timeMs: later(), rate: `${s.rate / 10_000}`, markPrice: `${s.price}` };
            sent.push(payment);
            await pay(payment.timeMs, { rate: payment.rate, markPrice: payment.markPrice });
            owed -= held * s.rate * s.price;
          } else if (sent.length > 0) {
            const { timeMs, ...again } = sent[s.nth % sent.length];
            const before = await t.desk.stateHash(account);
            expect(await pay(timeMs, again)).toMatchObject({ accounts: 0 });
            expect(await t.desk.stateHash(account)).toBe(before);
            resent += 1;
          }
        }
        const paid = (await fundingOf(account)).reduce((sum, amount) => sum + Number(amount), 0);
        expect(paid).toBeCloseTo(owed / 10_000, 9);
        const sums = await fresh.database.query(
          `SELECT transaction_id FROM trading.ledger_entries WHERE account_id = $1
           GROUP BY transaction_id, asset HAVING sum(amount) <> 0`,
          [account],
        );
        expect(sums.rows).toEqual([]);
        expect((await verifier.verify(account)).differences).toEqual([]);
        if (held !== 0) await trade(account, held > 0 ? 'sell' : 'buy', `${Math.abs(held)}`);
      }),
      { numRuns: 25 },
    );
    expect(resent).toBeGreaterThan(10);
  }, 60_000);
});
