import { expect, it } from 'vitest';
import { Account, Accounts, type CreateAccount } from '../../../src/trading/contract/accounts.js';
import { Orders } from '../../../src/trading/contract/orders.js';
import { Portfolio } from '../../../src/trading/contract/portfolio.js';
import { Risk } from '../../../src/trading/contract/risk.js';
import { Strategies } from '../../../src/trading/contract/strategies.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, anOrder } from '../support/floor.js';
import { aPrincipal, type House, stranger } from '../support/house.js';
import { expectProblem, expectShape } from '../support/promises.js';

let suites = 0;

const paper: CreateAccount = {
  name: 'paper-1',
  mode: 'paper',
  baseCurrency: 'USD',
  initialBalances: { USD: '100000', BTC: '0.5' },
};

/** Beginning again, a second one alike, and the end. */
export function accountLivesSuite(house: () => House): void {
  describePort(
    'trading.accounts over their lives',
    Accounts,
    () => ({ port: house().get(Accounts), owner: aPrincipal('trader', `life-owner-${(suites += 1)}`) }),
    (subject) => {
      const create = (over: Partial<CreateAccount> = {}): Promise<Account> => {
        const { port, owner } = subject();
        return port.create({ principal: owner, account: { ...paper, ...over } });
      };

      it('begins an account again: flat, with what it began with, and the books say why', async () => {
        const { port } = subject();
        const floor = await aFloor(house());
        const { asked, accountId, instrument } = floor;
        await floor.place({ quantity: '2' });
        const resting = await floor.place({ type: 'limit', limitPrice: '90', quantity: '1' });
        await port.transfer({ ...asked, transfer: { kind: 'deposit', asset: 'EUR', amount: '5' } });
        const command = { ...asked, reset: {}, idempotencyKey: 'again' };
        const began = await port.reset(command);
        expectShape(Account, began);
        const fresh = [{ asset: 'USD', total: '100000', free: '100000', reserved: '0' }];
        expect(began).toMatchObject({ id: accountId, balances: fresh, resetAt: expect.any(String) });
        expect(await port.reset(command)).toEqual(began);
        const book = house().get(Portfolio);
        expect(await book.positions(asked)).toEqual([]);
        expect(await book.verifyLedger(asked)).toMatchObject({ ok: true, differences: [] });
        expect(
          await house()
            .get(Orders)
            .get({ ...asked, orderId: resting.id }),
        ).toMatchObject({
          status: 'canceled',
          statusReason: 'account_reset',
        });
        const other = await port.reset({ ...asked, reset: { balances: { EUR: '7' } } });
        expect(other.balances).toEqual([{ asset: 'EUR', total: '7', free: '7', reserved: '0' }]);
        const others = { ...command, reset: { balances: { EUR: '8' } } };
        await expectProblem(port.reset(others), 'IDEMPOTENCY_KEY_REUSED');

        const strategies = house().get(Strategies);
        const strategy = { name: 'trend', kind: 'threshold', instrument, timeframe: '5m' };
        const { id: strategyId } = await strategies.create({ ...asked, strategy });
        await strategies.start({ ...asked, strategyId });
        const started = { startedStrategyId: strategyId };
        await expectProblem(port.reset({ ...asked, reset: {} }), 'TRADING_STRATEGY_STATE', started);
        await expectProblem(port.archive(asked), 'TRADING_STRATEGY_STATE', started);
        await strategies.stop({ ...asked, strategyId });
        expect((await port.reset({ ...asked, reset: {} })).balances).toEqual(fresh);
      });

      it('clones what an account is, not what it did', async () => {
        const { port, owner } = subject();
        const source = await create({ type: 'margin', fillModel: { slippage: '0.002' } });
        const asked = { principal: owner, accountId: source.id };
        const limits = { maxOpenOrders: 7 };
        await house()
          .get(Risk)
          .setLimits({ ...asked, version: null, limits });
        await port.transfer({ ...asked, transfer: { kind: 'withdrawal', asset: 'BTC', amount: '0.5' } });
        const grants = [{ user: 'user-trader', level: 'trade' as const }];
        await port.update({ ...asked, version: null, changes: { grants } });
        const copy = await port.clone({ ...asked, clone: {}, idempotencyKey: 'copy' });
        expectShape(Account, copy);
        const { name, type, baseCurrency, fillModel, balances } = source;
        expect(copy).toMatchObject({ name, type, baseCurrency, fillModel, balances, grants: [] });
        expect(copy.id > source.id).toBe(true);
        expect(await port.clone({ ...asked, clone: {}, idempotencyKey: 'copy' })).toEqual(copy);
        const risk = await house().get(Risk).limits({ principal: owner, accountId: copy.id });
        expect(risk.limits).toMatchObject(limits);
        // Whoever it is shared with may have one like it, of its own.
        const theirs = await port.clone({
          principal: aPrincipal('trader'),
          accountId: source.id,
          clone: { name: 'mine' },
        });
        expect(theirs).toMatchObject({ name: 'mine', owner: 'user-trader', type });
        await expectProblem(
          port.clone({ principal: stranger, accountId: source.id, clone: {} }),
          'TRADING_ACCOUNT_UNKNOWN',
        );
      });

      it('puts an account away: to be read for ever, and to be traded no more', async () => {
        const { port } = subject();
        const floor = await aFloor(house());
        const { asked, accountId, instrument, owner } = floor;
        const resting = await floor.place({ type: 'limit', limitPrice: '90', quantity: '1' });
        const archived = await port.archive({ ...asked, idempotencyKey: 'away' });
        expectShape(Account, archived);
        expect(archived.archivedAt).not.toBeNull();
        expect(await port.archive({ ...asked, idempotencyKey: 'away' })).toEqual(archived);
        expect(await port.archive(asked)).toEqual(archived);
        expect(await port.get(asked)).toEqual(archived);
        expect(await port.list({ principal: owner })).toEqual([]);
        expect(await port.list({ principal: owner, archived: true })).toEqual([archived]);
        const orders = house().get(Orders);
        expect(await orders.get({ ...asked, orderId: resting.id })).toMatchObject({
          statusReason: 'account_archived',
        });
        const order = anOrder({ instrument });
        const transfer = { kind: 'deposit' as const, asset: 'USD', amount: '1' };
        const facts = { accountId };
        const strategy = { name: 'trend', kind: 'threshold', instrument, timeframe: '5m' };
        for (const refused of [
          () => orders.submit({ ...asked, order }),
          () => orders.submitBatch({ ...asked, orders: [order] }),
          () => port.transfer({ ...asked, transfer }),
          () => port.reset({ ...asked, reset: {} }),
          () =>
            house()
              .get(Strategies)
              .create({ ...asked, strategy }),
        ]) {
          await expectProblem(refused(), 'TRADING_ACCOUNT_ARCHIVED', facts);
        }
        expect(await orders.cancelAll(asked)).toEqual({ items: [] });
        expect((await port.clone({ ...asked, clone: {} })).archivedAt).toBeNull();
      });

      it('holds still, ends and begins again only for its owner', async () => {
        const { port, owner } = subject();
        const { id: accountId } = await create();
        const asked = { principal: aPrincipal('trader'), accountId };
        const changes = { grants: [{ user: 'user-trader', level: 'trade' as const }] };
        await port.update({ principal: owner, accountId, version: null, changes });
        await expectProblem(port.reset({ ...asked, reset: {} }), 'TRADING_GRANT_TOO_LOW');
        await expectProblem(port.archive(asked), 'TRADING_GRANT_TOO_LOW');
        const foreign = { ...asked, principal: stranger };
        await expectProblem(port.reset({ ...foreign, reset: {} }), 'TRADING_ACCOUNT_UNKNOWN');
        await expectProblem(port.archive(foreign), 'TRADING_ACCOUNT_UNKNOWN');
      });
    },
  );
}
