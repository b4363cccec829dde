import { expect, it } from 'vitest';
import { Instruments } from '../../../src/data/contract/instruments.js';
import { toRfc3339 } from '../../../src/kernel/time.js';
import { Accounts, FundingResult } from '../../../src/trading/contract/accounts.js';
import { Orders } from '../../../src/trading/contract/orders.js';
import { LedgerItem, Portfolio, PortfolioView } from '../../../src/trading/contract/portfolio.js';
import { describePort } from '../support/both-ways.js';
import { anOrder, aFloor, showMarket } from '../support/floor.js';
import { type House, operator } from '../support/house.js';
import { plainRules } from '../support/market-past.js';
import { expectProblem, expectShape } from '../support/promises.js';

let perps = 0;

/** What holders of derivatives pay each other. */
export function fundingSuite(house: () => House): void {
  describePort(
    'trading.accounts pay funding',
    Accounts,
    async () => {
      const perp = `FUND${(perps += 1)}-USD-PERP.TEST`;
      await house().get(Instruments).put({ principal: operator, id: perp, rules: plainRules });
      const floor = await aFloor(house());
      return { port: house().get(Accounts), perp, ...floor };
    },
    (subject) => {
      const payment = (timeMs: number) => {
        const { perp } = subject();
        return { instrument: perp, rate: '0.0001', markPrice: '100', time: toRfc3339(timeMs) };
      };

      it('books it once for who held a position, and shows it in ledger and portfolio', async () => {
        const { port, perp, owner, account } = subject();
        const accountId = await account({ type: 'margin' });
        const asked = { principal: owner, accountId };
        await showMarket(house(), perp, '100');
        const order = anOrder({ instrument: perp, quantity: '5' });
        await house()
          .get(Orders)
          .submit({ ...asked, order });
        const due = payment(Date.now());
        const paid = await port.payFunding({ principal: operator, payment: due });
        expectShape(FundingResult, paid);
        expect(paid).toEqual({ ...due, accounts: 1, before: 0 });
        expect(await port.payFunding({ principal: operator, payment: due })).toEqual({
          ...due,
          accounts: 0,
          before: 1,
        });
        const portfolio = house().get(Portfolio);
        const { items } = await portfolio.ledger(asked);
        const [entry] = items.filter(({ kind, account: where }) => kind === 'funding' && where === 'cash');
        expectShape(LedgerItem, entry);
        expect(entry).toMatchObject({
          amount: '-0.05',
          asset: 'USD',
          ref: `${perp}@${Date.parse(due.time)}`,
        });
        const view = await portfolio.view(asked);
        expectShape(PortfolioView, view);
        expect(view).toMatchObject({ funding: '-0.05', realisedPnl: '0' });
        expect(await portfolio.statistics(asked)).toMatchObject({ funding: '-0.05' });
        expect(await portfolio.verifyLedger(asked)).toMatchObject({ ok: true, differences: [] });
      });

      it('is refused with other numbers, for spot, ahead of its time, and to traders', async () => {
        const { port, instrument, owner } = subject();
        const due = payment(Date.now() - 60_000);
        const pay = (over: object) => port.payFunding({ principal: operator, payment: { ...due, ...over } });
        expect(await pay({})).toMatchObject({ accounts: 0, before: 0 });
        await expectProblem(pay({ rate: '0.0002' }), 'TRADING_FUNDING_DIFFERS', {
          rate: '0.0001',
          markPrice: '100',
        });
        await expectProblem(pay({ instrument }), 'REQUEST_INVALID');
        await expectProblem(pay({ time: toRfc3339(Date.now() + 60_000) }), 'REQUEST_INVALID');
        await expectProblem(port.payFunding({ principal: owner, payment: due }), 'REQUEST_FORBIDDEN');
      });
    },
  );
}
