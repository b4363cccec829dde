import { expect, it } from 'vitest';
import { d, Decimal } from '../../../src/kernel/decimal.js';
import { MultiAnswer, type SubmitAnswer } from '../../../src/trading/contract/orders.js';
import {
  PortfolioExplanation,
  RoundTripItem,
  Statistics,
} from '../../../src/trading/contract/performance.js';
import {
  AccountEventItem,
  EquityPoint,
  Fill,
  LedgerItem,
  Portfolio,
  PortfolioView,
  Position,
  Verification,
} from '../../../src/trading/contract/portfolio.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, closeCandles } from '../support/floor.js';
import { admin, type House, operator, stranger } from '../support/house.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

const nobodys = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
/** Fills before the first test: two bought, one sold, two bought. */
const orders = [
  { side: 'buy', quantity: '2' },
  { side: 'sell', quantity: '1' },
  { side: 'buy', quantity: '2' },
] as const;

export function portfolioSuite(house: () => House): void {
  describePort(
    'trading.portfolio',
    Portfolio,
    async () => {
      const floor = await aFloor(house());
      const placed: SubmitAnswer['order'][] = [];
      for (const [n, order] of orders.entries()) {
        await floor.market(`${100 + 10 * n}`);
        placed.push(await floor.place(order));
      }
      const candleTimes = await closeCandles(house(), floor.instrument, 30);
      return { port: house().get(Portfolio), placed, candleTimes, ...floor };
    },
    (subject) => {
      const seqs = (rows: readonly { seq: number }[]): number[] => rows.map(({ seq }) => seq);

      it('is worth what was paid in before anything was traded', async () => {
        const { port, owner, account } = subject();
        const view = await port.view({ principal: owner, accountId: await account() });
        expectShape(PortfolioView, view);
        expect(view).toMatchObject({
          currency: 'USD',
          cash: '100000',
          equity: '100000',
          buyingPower: '100000',
          grossExposure: '0',
          netExposure: '0',
          realisedPnl: '0',
          unrealisedPnl: '0',
          fees: '0',
          staleMarks: [],
          stale: false,
        });
      });

      it('shows what is held and what it is worth', async () => {
        const { port, asked, instrument, market } = subject();
        await market('120');
        const view = await port.view(asked);
        expectShape(PortfolioView, view);
        expect(Number(view.grossExposure)).toBeGreaterThan(0);
        expect(d(view.netExposure).eq(d(view.grossExposure))).toBe(true);
        const positions = await port.positions(asked);
        expectShapes(Position, positions);
        expect(positions).toHaveLength(1);
        expect(positions[0]).toMatchObject({
          instrument,
          quantity: expect.stringMatching(/^2\.99/),
          markPrice: '119.5',
        });
        const gain = d('119.5').minus(d(positions[0].averagePrice)).times(d(positions[0].quantity));
        expect(positions[0].unrealisedPnl).toBe(gain.toString());
      });

      it('lists fills newest first, each with its order, price and fee', async () => {
        const { port, asked, instrument, placed, accountId } = subject();
        const { items, nextCursor } = await port.fills(asked);
        expectShapes(Fill, items);
        expect(nextCursor).toBeNull();
        expect(seqs(items)).toEqual(seqs(items).toSorted((a, b) => b - a));
        for (const order of placed) {
          const own = items.filter(({ orderId }) => orderId === order.id);
          const filled = own.reduce((sum, { quantity }) => sum.plus(d(quantity)), Decimal.zero);
          expect(filled.toString()).toBe(order.filledQuantity);
          expect(own[0]).toMatchObject({
            clientOrderId: order.clientOrderId,
            side: order.side,
            accountId,
            instrument,
          });
        }
        expect(await port.fills({ ...asked, instrument })).toEqual({ items, nextCursor: null });
        expect((await port.fills({ ...asked, instrument: 'BTC-USD.SIM' })).items).toEqual([]);
        const pages = await readPages((cursor) =>
          port.fills({ ...asked, limit: 2, ...(cursor ? { cursor } : {}) }),
        );
        expect(pages.slice(0, -1).every((page) => page.length === 2)).toBe(true);
        expect(pages.flat()).toEqual(items);
      });

      it('lists round trips, newest first, that are over: what is held now is none', async () => {
        const { port, owner, account, place, market, instrument } = subject();
        const asked = { principal: owner, accountId: await account() };
        for (const price of ['100', '110', '120']) {
          await market(price);
          await place({ quantity: '2', tags: ['trend'] }, asked.accountId);
          await market('105');
          await port.closePositions(asked);
        }
        await place({}, asked.accountId);
        const { items } = await port.trades(asked);
        expectShapes(RoundTripItem, items);
        expect(items.map(({ side, tags }) => [side, ...tags])).toEqual(Array(3).fill(['long', 'trend']));
        expect(seqs(items)).toEqual(seqs(items).toSorted((a, b) => b - a));
        for (const { pnl, fees, netPnl, mae, mfe } of items) {
          expect(d(pnl).minus(d(fees)).toString()).toBe(netPnl);
          expect(d(mae).lte(d(pnl).min(Decimal.zero)) && d(mfe).gte(d(pnl).max(Decimal.zero))).toBe(true);
        }
        const pages = await readPages((cursor) =>
          port.trades({ ...asked, limit: 2, ...(cursor ? { cursor } : {}) }),
        );
        expect(pages.flat()).toEqual(items);
        expect((await port.trades({ ...asked, instrument, tag: 'other' })).items).toEqual([]);
      });

      it('keeps a ledger whose transactions sum to zero per asset, oldest first', async () => {
        const { port, asked } = subject();
        const { items } = await port.ledger(asked);
        expectShapes(LedgerItem, items);
        expect(seqs(items)).toEqual(seqs(items).toSorted((a, b) => a - b));
        expect(new Set(items.map(({ kind }) => kind))).toEqual(new Set(['deposit', 'fill', 'fee']));
        const sums = new Map<string, Decimal>();
        for (const { transactionId, asset, amount } of items) {
          const key = `${transactionId} ${asset}`;
          sums.set(key, (sums.get(key) ?? Decimal.zero).plus(d(amount)));
        }
        expect([...sums].filter(([, sum]) => !sum.isZero())).toEqual([]);
        for (const limit of [1, 5]) {
          const pages = await readPages((cursor) =>
            port.ledger({ ...asked, limit, ...(cursor ? { cursor } : {}) }),
          );
          expect(pages.flat()).toEqual(items);
        }
      });

      it('verifies that balances and positions follow from ledger and fills', async () => {
        const { port, asked } = subject();
        const verification = await port.verifyLedger(asked);
        expectShape(Verification, verification);
        const rows = (await port.ledger(asked)).items.length;
        expect(verification).toMatchObject({ ok: true, differences: [] });
        expect(verification.checked).toBeGreaterThanOrEqual(rows);
      });

      it('numbers the events of the account from 1 without gaps, and goes on after any of them', async () => {
        const { port, asked } = subject();
        const { items, lastSeq } = await port.events({ ...asked, limit: 500 });
        expectShapes(AccountEventItem, items);
        expect(seqs(items)).toEqual(Array.from({ length: items.length }, (_, n) => n + 1));
        expect(lastSeq).toBe(items.length);
        expect(items[0].type).toBe('account-created');
        const some = await port.events({ ...asked, since: 3, limit: 2 });
        expect(some).toEqual({ items: items.slice(3, 5), lastSeq });
        expect(await port.events({ ...asked, since: lastSeq })).toEqual({ items: [], lastSeq });
        for (const fill of (await port.fills(asked)).items) {
          expect(items[fill.seq - 1].data).toMatchObject({ id: fill.id, price: fill.price });
        }
      });

      it('draws the equity curve, oldest first, in the resolution that is asked for', async () => {
        const { port, asked, candleTimes } = subject();
        const { items } = await port.history({ ...asked, resolution: '5m' });
        expectShapes(EquityPoint, items);
        const times = items.map(({ time }) => time);
        expect(times).toEqual(times.toSorted());
        expect(times).toEqual(expect.arrayContaining(candleTimes));
        const hours = await port.history(asked);
        expectShapes(EquityPoint, hours.items);
        expect(hours.items.length).toBeLessThan(items.length);
        expect(await port.history({ ...asked, resolution: '1h' })).toEqual(hours);
        for (const resolution of ['1m', '15m', '4h', '1d']) {
          expectShapes(EquityPoint, (await port.history({ ...asked, resolution })).items);
        }
        for (const resolution of ['5m', '1h']) {
          const whole = (await port.history({ ...asked, resolution })).items;
          const pages = await readPages((cursor) =>
            port.history({ ...asked, resolution, limit: 2, ...(cursor ? { cursor } : {}) }),
          );
          expect(pages.flat()).toEqual(whole);
        }
      });

      it('counts from in and to out of the equity curve', async () => {
        const { port, asked, candleTimes } = subject();
        const range = { from: candleTimes[2], to: candleTimes[5] };
        const { items } = await port.history({ ...asked, resolution: '5m', ...range });
        expect(items.map(({ time }) => time)).toEqual(candleTimes.slice(2, 5));
      });

      it('gives statistics, and the reason for each that is undefined', async () => {
        const { port, asked, candleTimes } = subject();
        const statistics = await port.statistics(asked);
        expectShape(Statistics, statistics);
        expect(statistics.fills).toBe((await port.fills(asked)).items.length);
        const missing = Object.entries(statistics).flatMap(([name, value]) => (value === null ? [name] : []));
        expect(Object.keys(statistics.undefinedBecause).toSorted()).toEqual(missing.toSorted());
        const later = await port.statistics({ ...asked, from: candleTimes[0], to: candleTimes[5] });
        expectShape(Statistics, later);
        expect(later).toMatchObject({ from: candleTimes[0], to: candleTimes[5], fills: 0, trades: 0 });
      });

      it('explains what became of the equity, so that it adds up', async () => {
        const { port, asked, candleTimes } = subject();
        const [from, to] = [candleTimes[0], candleTimes[5]];
        for (const range of [{}, { from }, { from, to }]) {
          const one = await port.explain({ ...asked, ...range });
          expectShape(PortfolioExplanation, one);
          const parts = [one.transfers, one.realisedPnl, one.unrealisedChange, one.revaluation];
          const said = [...parts, one.other, one.rounding].reduce(
            (sum, part) => sum.plus(d(part)),
            Decimal.zero,
          );
          expect(said.plus(d(one.openingEquity)).minus(d(one.fees)).toString()).toBe(one.closingEquity);
        }
        const whole = await port.explain(asked);
        expect(whole.transfers).toBe('100000');
        expect(whole.fills).toHaveLength((await port.fills(asked)).items.length);
        expect(await port.explain({ ...asked, from, to })).toMatchObject({ from, fills: [] });
      });

      it.each([
        ['that is empty', '2024-01-01T00:00:00.000Z', '2024-01-01T00:00:00.000Z'],
        ['that runs backwards', '2024-01-02T00:00:00.000Z', '2024-01-01T00:00:00.000Z'],
        ['that begins at no time', 'yesterday', '2024-01-01T00:00:00.000Z'],
      ])('refuses a range %s', async (_what, from, to) => {
        const { port, asked } = subject();
        for (const ask of ['history', 'statistics', 'explain'] as const) {
          const { content } = await expectProblem(port[ask]({ ...asked, from, to }), 'REQUEST_INVALID');
          expect(content.errors).toEqual([{ pointer: '?from', detail: expect.any(String) }]);
        }
      });

      it.each(foreignCursors)('refuses the cursor %j', async (cursor) => {
        const { port, asked } = subject();
        for (const list of ['fills', 'ledger', 'history'] as const) {
          const { content } = await expectProblem(port[list]({ ...asked, cursor }), 'REQUEST_INVALID');
          expect(content.errors).toEqual([{ pointer: '?cursor', detail: expect.any(String) }]);
        }
      });

      it("does not know another trader's account, whatever is asked of it; operators and admins do", async () => {
        const { port, asked, accountId } = subject();
        const reads = [
          'view',
          'history',
          'statistics',
          'positions',
          'fills',
          'ledger',
          'verifyLedger',
          'events',
        ] as const;
        for (const method of [...reads, 'closePositions'] as const) {
          await expectProblem(port[method]({ principal: stranger, accountId }), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port[method]({ ...asked, accountId: nobodys }), 'TRADING_ACCOUNT_UNKNOWN');
        }
        for (const principal of [operator, admin]) {
          for (const method of ['positions', 'fills', 'ledger', 'events'] as const) {
            expect(await port[method]({ principal, accountId })).toEqual(await port[method](asked));
          }
        }
      });

      it('closes a position at the market, with an order that only reduces', async () => {
        const { port, asked, instrument, market } = subject();
        await expectProblem(
          port.closePositions({ ...asked, instrument: 'BTC-USD.SIM' }),
          'TRADING_POSITION_UNKNOWN',
          { instrument: 'BTC-USD.SIM' },
        );
        await market('150');
        const before = (await port.positions(asked))[0];
        const answer = await port.closePositions({ ...asked, instrument });
        expectShape(MultiAnswer, answer);
        expect(answer.items).toHaveLength(1);
        expect(answer.items[0]).toMatchObject({
          status: 200,
          order: { instrument, side: 'sell', type: 'market', reduceOnly: true, status: 'filled' },
        });
        expect(answer.items[0].order!.quantity).toBe(
          d(before.quantity).toStep(d('0.00001'), 'down').toString(),
        );
        for (const held of await port.positions(asked)) expect(Number(held.quantity)).toBeLessThan(0.00001);
      });

      it('closes nothing where nothing is held', async () => {
        const { port, owner, account, instrument } = subject();
        const flat = { principal: owner, accountId: await account() };
        expect(await port.positions(flat)).toEqual([]);
        expect(await port.closePositions(flat)).toEqual({ items: [] });
        await expectProblem(port.closePositions({ ...flat, instrument }), 'TRADING_POSITION_UNKNOWN', {
          instrument,
        });
      });
    },
  );
}
