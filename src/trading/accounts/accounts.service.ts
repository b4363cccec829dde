import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { problem } from '../../kernel/errors.js';
import { tradingProblem } from '../contract/errors.js';
import { Ids } from '../../kernel/ids.js';
import { hasRole, type Principal } from '../../kernel/principal.js';
import {
  type Account,
  type AccountGrant,
  Accounts,
  type AccountsQuery,
  type CloneAccount,
  type CreateAccount,
  type FillModel,
  type FundingPayment,
  type FundingResult,
  type PatchAccount,
  type ResetAccount,
  type Transfer,
  type TransferRequest,
} from '../contract/accounts.js';
import type { AnswerKey } from '../desk/account-acts.js';
import { Desk } from '../desk/desk.service.js';
import { accountOf } from '../desk/desk-state.js';
import { Funding } from '../ledger/funding.service.js';
import { checkMargin } from '../risk/margin.js';
import { accountView } from './account-view.js';
import { AccountUseRepository } from './account-use.repository.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** Opens accounts and moves money in and out of them. */
@Injectable()
export class AccountsService extends Accounts {
  constructor(
    private readonly desk: Desk,
    private readonly keys: IdempotencyRepository,
    private readonly use: AccountUseRepository,
    private readonly ids: Ids,
    private readonly funding: Funding,
  ) {
    super();
  }

  async create(command: {
    principal: Principal;
    account: CreateAccount;
    idempotencyKey?: string;
  }): Promise<Account> {
    const { account, principal } = command;
    checkFillModel(account.fillModel ?? {});
    checkMargin({ type: account.type ?? 'cash', ...account });
    const key = keyOf(`create-account:${principal.userId}`, command.idempotencyKey, account);
    return this.keys.once(key, () => this.open(principal.userId, account, key));
  }

  async list({ principal, ...query }: { principal: Principal } & AccountsQuery): Promise<Account[]> {
    const ids = this.desk.visibleTo(principal, query);
    return Promise.all(ids.map((accountId) => this.view(accountId)));
  }

  async get(query: {
    principal: Principal;
    accountId: string;
    needed?: 'read' | 'trade' | 'own';
  }): Promise<Account> {
    const { principal, accountId, needed = 'read' } = query;
    this.desk.authorise(principal, accountId, needed);
    return this.view(accountId);
  }

  async update(command: {
    principal: Principal;
    accountId: string;
    version: number | null;
    changes: PatchAccount;
  }): Promise<Account> {
    const { principal, accountId, version, changes } = command;
    this.desk.authorise(principal, accountId, 'share');
    const { owner } = await this.view(accountId);
    checkGrants(changes.grants ?? [], owner);
    return this.desk.submit({ kind: 'update-account', accountId, version, changes });
  }

  async transfer(command: {
    principal: Principal;
    accountId: string;
    transfer: TransferRequest;
    idempotencyKey?: string;
  }): Promise<Transfer> {
    const { principal, accountId, transfer } = command;
    this.desk.authorise(principal, accountId, 'own');
    const key = keyOf(`transfer:${accountId}`, command.idempotencyKey, transfer);
    return this.keys.once(key, () =>
      this.desk.submit({ kind: 'transfer', accountId, transfer, answerKey: key }),
    );
  }

  async payFunding(command: { principal: Principal; payment: FundingPayment }): Promise<FundingResult> {
    const { principal, payment } = command;
    if (!hasRole(principal, 'operator')) {
      throw problem('REQUEST_FORBIDDEN', {
        detail: `funding is paid by an operator, for all accounts at once; you are ${principal.role}`,
      });
    }
    return this.funding.pay(payment, principal.username);
  }

  /** The account a new user starts with: `paper`, 100,000 USD. Made once per owner; answers the one there is. */
  async ensureDemoAccount({ owner }: { owner: string }): Promise<Account> {
    const accounts = await Promise.all(this.desk.accountIds().map((accountId) => this.view(accountId)));
    const known = accounts.find((account) => account.owner === owner && account.name === demo.name);
    return known ?? this.open(owner, demo, null);
  }

  async reset(command: {
    principal: Principal;
    accountId: string;
    reset: ResetAccount;
    idempotencyKey?: string;
  }): Promise<Account> {
    const { principal, accountId, reset } = command;
    this.desk.authorise(principal, accountId, 'own');
    const key = keyOf(`reset:${accountId}`, command.idempotencyKey, reset);
    return this.keys.once(key, async () => {
      await this.requireIdle(accountId, 'reset');
      const balances = reset.balances === undefined ? null : balancesOf(reset.balances);
      const actor = principal.username;
      return this.desk.submit({ kind: 'reset-account', accountId, balances, actor, answerKey: key });
    });
  }

  async clone(command: {
    principal: Principal;
    accountId: string;
    clone: CloneAccount;
    idempotencyKey?: string;
  }): Promise<Account> {
    const { principal, accountId, clone } = command;
    this.desk.authorise(principal, accountId, 'read');
    const key = keyOf(`clone:${accountId}:${principal.userId}`, command.idempotencyKey, clone);
    return this.keys.once(key, async () => {
      const source = await this.desk.read(accountId, (desk) => {
        const { terms, limitView } = accountOf(desk, accountId);
        return { terms, limits: limitView };
      });
      const id = this.ids.next();
      const { createdAtMs: _madeThen, ...terms } = source.terms;
      return this.desk.submit({
        kind: 'create-account',
        accountId: id,
        terms: { ...terms, id, owner: principal.userId, name: clone.name ?? terms.name },
        limits: source.limits,
        actor: principal.username,
        answerKey: key,
      });
    });
  }

  async archive(command: {
    principal: Principal;
    accountId: string;
    idempotencyKey?: string;
  }): Promise<Account> {
    const { principal, accountId } = command;
    this.desk.authorise(principal, accountId, 'own');
    const key = keyOf(`archive:${accountId}`, command.idempotencyKey, {});
    return this.keys.once(key, async () => {
      await this.requireIdle(accountId, 'archived');
      return this.desk.submit({ kind: 'archive-account', accountId, answerKey: key });
    });
  }

  /** A strategy that goes on would trade a book it knows nothing of. Throws TRADING_STRATEGY_STATE. */
  private async requireIdle(accountId: string, what: string): Promise<void> {
    const started = await this.use.startedStrategy(accountId);
    if (started === null) return;
    throw tradingProblem('TRADING_STRATEGY_STATE', {
      detail: `strategy ${started.name} (${started.id}) of this account is started; the account can be ${what} only while none is: stop it first`,
      facts: { startedStrategyId: started.id },
    });
  }

  private open(owner: string, account: CreateAccount, answerKey: AnswerKey | null): Promise<Account> {
    const accountId = this.ids.next();
    return this.desk.submit({
      kind: 'create-account',
      accountId,
      terms: {
        id: accountId,
        name: account.name,
        owner,
        mode: 'paper',
        type: account.type === 'margin' ? 'margin' : 'cash',
        baseCurrency: account.baseCurrency,
        leverage: account.leverage ?? 1,
        maintenanceRatio: account.maintenanceRatio ?? null,
        fillModel: account.fillModel ?? {},
        initialBalances: account.initialBalances,
      },
      actor: owner,
      answerKey,
    });
  }

  private view(accountId: string): Promise<Account> {
    return this.desk.read(accountId, (desk) => accountView(accountOf(desk, accountId)));
  }
}

/** Ratios past 1 are no model of a market: nobody fills more than what traded, or sells below nothing. */
function checkFillModel(model: FillModel): void {
  for (const [field, most] of [
    ['participation', '1'],
    ['slippage', '0.5'],
    ['makerFee', '0.5'],
    ['takerFee', '0.5'],
  ] as const) {
    const value = model[field];
    if (value === undefined || value === null || Decimal.of(value).lte(Decimal.of(most))) continue;
    const detail = `${field} is ${value}; at most ${most} is a ratio of this market: send a smaller one or leave it out`;
    throw problem('REQUEST_INVALID', {
      detail,
      errors: [{ pointer: `/fillModel/${field}`, detail }],
    });
  }
}

function balancesOf(texts: Readonly<Record<string, string>>): Map<string, Decimal> {
  return new Map(Object.entries(texts).map(([asset, amount]) => [asset, Decimal.of(amount)]));
}

function checkGrants(grants: readonly AccountGrant[], owner: string): void {
  const users = grants.map(({ user }) => user);
  const doubled = users.findIndex((user, n) => user === owner || users.indexOf(user) !== n);
  if (doubled < 0) return;
  const why = users[doubled] === owner ? 'owns the account' : 'has a grant in this list already';
  const detail = `user ${users[doubled]} ${why}; name each other user once`;
  throw problem('REQUEST_INVALID', {
    detail,
    errors: [{ pointer: `/grants/${doubled}/user`, detail }],
  });
}

const demo: CreateAccount = {
  name: 'paper',
  mode: 'paper',
  type: 'cash',
  baseCurrency: 'USD',
  initialBalances: { USD: '100000' },
};

function keyOf(scope: string, key: string | undefined, content: object): AnswerKey | null {
  if (key === undefined) return null;
  return { scope, key, contentHash: createHash('sha256').update(canonical(content)).digest('base64url') };
}

/** Same content, same text, whatever the order of its fields. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${fields
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, v]) => `${JSON.stringify(name)}:${canonical(v)}`)
    .join(',')}}`;
}
