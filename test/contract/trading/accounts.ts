import { expect, it } from 'vitest';
import { Account, Accounts, type CreateAccount, Transfer } from '../../../src/trading/contract/accounts.js';
import { describePort } from '../support/both-ways.js';
import { admin, aPrincipal, type House, operator, stranger } from '../support/house.js';
import { aFloor } from '../support/floor.js';
import { expectProblem, expectShape, expectShapes } from '../support/promises.js';

let suites = 0;

const paper: CreateAccount = {
  name: 'paper-1',
  mode: 'paper',
  baseCurrency: 'USD',
  initialBalances: { USD: '100000', BTC: '0.5' },
};

export function accountsSuite(house: () => House): void {
  describePort(
    'trading.accounts',
    Accounts,
    () => ({ port: house().get(Accounts), owner: aPrincipal('trader', `account-owner-${(suites += 1)}`) }),
    (subject) => {
      const create = (over: Partial<CreateAccount> = {}, idempotencyKey?: string): Promise<Account> => {
        const { port, owner } = subject();
        const key = idempotencyKey === undefined ? {} : { idempotencyKey };
        return port.create({ principal: owner, account: { ...paper, ...over }, ...key });
      };

      it('opens a cash account with what was paid in, and shows it again', async () => {
        const { port, owner } = subject();
        const account = await create();
        expectShape(Account, account);
        expect(account).toMatchObject({
          name: 'paper-1',
          owner: owner.userId,
          mode: 'paper',
          type: 'cash',
          baseCurrency: 'USD',
          state: 'active',
          session: 'live',
        });
        expect(account.balances.toSorted((a, b) => (a.asset < b.asset ? -1 : 1))).toEqual([
          { asset: 'BTC', total: '0.5', free: '0.5', reserved: '0' },
          { asset: 'USD', total: '100000', free: '100000', reserved: '0' },
        ]);
        expect(await port.get({ principal: owner, accountId: account.id })).toEqual(account);
      });

      it('says how the paper venue fills: what was asked for and the defaults of the rest', async () => {
        const account = await create({ type: 'margin', fillModel: { slippage: '0.002', seed: 7 } });
        expectShape(Account, account);
        expect(account).toMatchObject({
          type: 'margin',
          fillModel: { slippage: '0.002', participation: '0.25', priceProtection: '0.05', seed: 7 },
        });
      });

      it('opens a margin account with its leverage, and says when it would be liquidated', async () => {
        const own = await create({ type: 'margin', leverage: 20, maintenanceRatio: 0.04 });
        expectShape(Account, own);
        expect(own).toMatchObject({ type: 'margin', leverage: 20, maintenanceRatio: 0.04 });
        expect(await create({ type: 'margin', leverage: 20 })).toMatchObject({ maintenanceRatio: 0.025 });
        expect(await create({ type: 'margin' })).toMatchObject({ leverage: 1, maintenanceRatio: 0.05 });
        expect(await create()).toMatchObject({ leverage: 1, maintenanceRatio: null });
      });

      it('changes the leverage of a margin account, and shows it from then on', async () => {
        const { port, owner } = subject();
        const { id: accountId, version } = await create({ type: 'margin', leverage: 2 });
        const asked = { principal: owner, accountId };
        const changed = await port.update({ ...asked, version, changes: { leverage: 25 } });
        expectShape(Account, changed);
        expect(changed).toMatchObject({ leverage: 25, maintenanceRatio: 0.02, version: version + 1 });
        expect(await port.get(asked)).toEqual(changed);
        const { id } = await create();
        const refused = port.update({
          principal: owner,
          accountId: id,
          version: null,
          changes: { leverage: 2 },
        });
        await expectProblem(refused, 'REQUEST_INVALID');
      });

      it('keeps the leverage that what is held needs', async () => {
        const { port } = subject();
        const floor = await aFloor(house());
        const accountId = await floor.account({
          type: 'margin',
          leverage: 10,
          initialBalances: { USD: '100' },
        });
        await floor.place({}, accountId);
        await floor.place({ type: 'limit', limitPrice: '90' }, accountId);
        const update = port.update({
          principal: floor.owner,
          accountId,
          version: null,
          changes: { leverage: 1.5 },
        });
        // Bought at 100.5, marked at 100, 0.1005 paid; 100 held and 90 ordered, with 0.09 for its fee.
        await expectProblem(update, 'TRADING_LEVERAGE_TOO_LOW', {
          leverage: 1.5,
          needed: '126.756666666666666667',
          equity: '99.3995',
        });
      });

      it('opens no cash account with leverage, and none that would be liquidated as it opens', async () => {
        await expectProblem(create({ leverage: 2 }), 'REQUEST_INVALID');
        await expectProblem(create({ type: 'cash', maintenanceRatio: 0.1 }), 'REQUEST_INVALID');
        await expectProblem(
          create({ type: 'margin', leverage: 10, maintenanceRatio: 0.1 }),
          'REQUEST_INVALID',
        );
      });

      it('answers the same key and content with the first account, whatever the order of its fields', async () => {
        const { port, owner } = subject();
        const first = await create({ name: 'once' }, 'key-1');
        expect(await create({ name: 'once' }, 'key-1')).toEqual(first);
        const turned = Object.fromEntries(Object.entries({ ...paper, name: 'once' }).toReversed());
        const again = {
          principal: owner,
          account: turned as unknown as CreateAccount,
          idempotencyKey: 'key-1',
        };
        expect(await port.create(again)).toEqual(first);
        const named = (await port.list({ principal: owner })).filter(({ name }) => name === 'once');
        expect(named).toEqual([first]);
      });

      it('refuses a key that was used for something else; other traders have keys of their own', async () => {
        const { port } = subject();
        const first = await create({ name: 'twice' }, 'key-2');
        await expectProblem(create({ name: 'another' }, 'key-2'), 'IDEMPOTENCY_KEY_REUSED');
        const other = aPrincipal('trader', `other-${first.id}`);
        const theirs = await port.create({ principal: other, account: paper, idempotencyKey: 'key-2' });
        expect(theirs.owner).toBe(other.userId);
      });

      it('never opens two accounts for one key, even at the same moment', async () => {
        const { port, owner } = subject();
        const both = await Promise.allSettled([
          create({ name: 'race' }, 'key-3'),
          create({ name: 'race' }, 'key-3'),
        ]);
        const refused = both.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
        for (const reason of refused) {
          await expectProblem(Promise.reject(reason), 'IDEMPOTENCY_IN_FLIGHT');
        }
        const named = (await port.list({ principal: owner })).filter(({ name }) => name === 'race');
        expect(named).toHaveLength(1);
        expect(await create({ name: 'race' }, 'key-3')).toEqual(named[0]);
      });

      it('lists the own accounts, oldest first, to others nothing and to operators all', async () => {
        const { port, owner } = subject();
        const own = await port.list({ principal: owner });
        expectShapes(Account, own);
        expect(own.every((account) => account.owner === owner.userId)).toBe(true);
        expect(own.map(({ id }) => id)).toEqual(own.map(({ id }) => id).toSorted());
        expect(await port.list({ principal: aPrincipal('trader', 'owns-nothing') })).toEqual([]);
        for (const principal of [operator, admin]) {
          expect(await port.list({ principal })).toEqual(expect.arrayContaining(own));
        }
      });

      it('pays in and out, and shows it in the balances', async () => {
        const { port, owner } = subject();
        const { id: accountId } = await create({ initialBalances: {} });
        const asked = { principal: owner, accountId };
        const paid = await port.transfer({
          ...asked,
          transfer: { kind: 'deposit', asset: 'EUR', amount: '10.50' },
        });
        expectShape(Transfer, paid);
        expect(paid).toMatchObject({ kind: 'deposit', asset: 'EUR', amount: '10.5' });
        const taken = await port.transfer({
          ...asked,
          transfer: { kind: 'withdrawal', asset: 'EUR', amount: '4' },
        });
        expectShape(Transfer, taken);
        expect(taken.id > paid.id).toBe(true);
        const { balances } = await port.get(asked);
        expect(balances).toEqual([{ asset: 'EUR', total: '6.5', free: '6.5', reserved: '0' }]);
      });

      it('pays nothing out that is not there, and says how much is', async () => {
        const { port, owner } = subject();
        const { id: accountId } = await create();
        const asked = { principal: owner, accountId };
        for (const [asset, amount, free] of [
          ['USD', '100000.01', '100000'],
          ['DOGE', '1', '0'],
        ]) {
          const facts = { asset, amount, free };
          const transfer = { kind: 'withdrawal' as const, asset, amount };
          await expectProblem(port.transfer({ ...asked, transfer }), 'TRADING_BALANCE_TOO_LOW', facts);
        }
        expect((await port.get(asked)).balances.find(({ asset }) => asset === 'USD')!.total).toBe('100000');
      });

      it('moves money once for each key', async () => {
        const { port, owner } = subject();
        const { id: accountId } = await create();
        const transfer = { kind: 'deposit' as const, asset: 'USD', amount: '1' };
        const command = { principal: owner, accountId, transfer, idempotencyKey: 'pay-1' };
        const first = await port.transfer(command);
        expect(await port.transfer(command)).toEqual(first);
        const other = { ...command, transfer: { ...transfer, amount: '2' } };
        await expectProblem(port.transfer(other), 'IDEMPOTENCY_KEY_REUSED');
        const { balances } = await port.get({ principal: owner, accountId });
        expect(balances.find(({ asset }) => asset === 'USD')!.total).toBe('100001');
      });

      it('gives an account a name and others a part in it, whoever read it last', async () => {
        const { port, owner } = subject();
        const friend = aPrincipal('trader', `friend-of-${owner.userId}`);
        const { id: accountId, version } = await create();
        const asked = { principal: owner, accountId };
        const grants = [{ user: friend.userId, level: 'read' as const }];
        const shared = await port.update({ ...asked, version, changes: { name: 'ours', grants } });
        expectShape(Account, shared);
        expect(shared).toMatchObject({ name: 'ours', grants, version: version + 1 });
        await expectProblem(
          port.update({ ...asked, version, changes: { name: 'mine' } }),
          'REQUEST_PRECONDITION_FAILED',
          { version: version + 1, expected: version },
        );
        for (const doubled of [[...grants, ...grants], [{ user: owner.userId, level: 'read' as const }]]) {
          const changes = { grants: doubled };
          await expectProblem(port.update({ ...asked, version: null, changes }), 'REQUEST_INVALID');
        }
        expect(await port.get({ principal: friend, accountId })).toEqual(shared);
        expect(await port.list({ principal: friend })).toEqual([shared]);
        const others = { principal: friend, accountId };
        const transfer = { kind: 'deposit' as const, asset: 'USD', amount: '1' };
        for (const [refused, needed, has] of [
          [() => port.transfer({ ...others, transfer }), 'own', 'read'],
          [() => port.get({ ...others, needed: 'trade' }), 'trade', 'read'],
          [() => port.update({ ...others, version: null, changes: { name: 'x' } }), 'share', 'read'],
          [
            () => port.update({ principal: operator, accountId, version: null, changes: { name: 'x' } }),
            'share',
            'own',
          ],
        ] as const) {
          await expectProblem(refused(), 'TRADING_GRANT_TOO_LOW', { has, needed });
        }
        const alone = await port.update({
          principal: admin,
          accountId,
          version: null,
          changes: { grants: [] },
        });
        expect(alone).toMatchObject({ name: 'ours', grants: [] });
        await expectProblem(port.get(others), 'TRADING_ACCOUNT_UNKNOWN');
        expect(await port.list({ principal: friend })).toEqual([]);
      });

      it("does not know another trader's account; operators and admins do", async () => {
        const { port, owner } = subject();
        const account = await create();
        const transfer = { kind: 'deposit' as const, asset: 'USD', amount: '1' };
        for (const asked of [
          { principal: stranger, accountId: account.id },
          { principal: owner, accountId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
          { principal: operator, accountId: '' },
        ]) {
          await expectProblem(port.get(asked), 'TRADING_ACCOUNT_UNKNOWN');
          const changes = { name: 'taken' };
          await expectProblem(port.update({ ...asked, version: null, changes }), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.transfer({ ...asked, transfer }), 'TRADING_ACCOUNT_UNKNOWN');
        }
        for (const principal of [operator, admin]) {
          expect(await port.get({ principal, accountId: account.id })).toEqual(account);
        }
        const paid = await port.transfer({ principal: operator, accountId: account.id, transfer });
        expectShape(Transfer, paid);
      });
    },
  );
}
