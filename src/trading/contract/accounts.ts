import {
  decimal,
  decimalMap,
  flag,
  float,
  instrumentId,
  integer,
  list,
  object,
  oneOf,
  text,
  time,
} from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

/** How the paper venue fills; every rule can be switched, and is part of the account, so that a result can be repeated. */
export class FillModel {
  @decimal({
    sign: 'not-negative',
    optional: true,
    about: 'Slippage of market orders without a book, ratio of price, at most 0.5. Default 0.0005.',
  })
  slippage?: string;

  @decimal({
    nullable: true,
    optional: true,
    about: 'Share of the traded volume that fills may take, at most 1; null: no cap. Default 0.25.',
  })
  participation?: string | null;

  @decimal({
    nullable: true,
    optional: true,
    about: 'Farthest a market order may walk from the mark, ratio of price; null: anywhere. Default 0.05.',
  })
  priceProtection?: string | null;

  @flag({
    optional: true,
    about: 'Market orders walk the book where there is one; false: last price ± slippage. Default true.',
  })
  bookWalk?: boolean;

  @flag({
    optional: true,
    about: 'Resting orders fill only when the price trades through; false: when it touches. Default true.',
  })
  tradeThrough?: boolean;

  @flag({
    optional: true,
    about: 'A trade at the limit fills once the queue ahead is used up; false: never. Default true.',
  })
  queuePosition?: boolean;

  @flag({ optional: true, about: 'What was taken is not offered again. Default true.' })
  consumedLiquidity?: boolean;

  @flag({
    optional: true,
    about:
      'A bar that opens beyond a limit or trigger fills at its open; false: at the price named. Default true.',
  })
  gapFills?: boolean;

  @oneOf(['reject', 'trigger'], {
    optional: true,
    about: 'What becomes of a stop or take-profit whose trigger is reached as it arrives. Default reject.',
  })
  immediateTrigger?: 'reject' | 'trigger';

  @decimal({ sign: 'not-negative', optional: true, about: "Ratio of notional; default the instrument's." })
  makerFee?: string;

  @decimal({ sign: 'not-negative', optional: true, about: "Ratio of notional; default the instrument's." })
  takerFee?: string;

  @text({
    pattern: /^(base|quote|[A-Z0-9]{1,20})$/,
    optional: true,
    about:
      'What pays the fees: `base`, `quote` or an asset, where it has a price and enough is free. Default, and otherwise: spot buys of a cash account pay in what they receive, all else in quote.',
    example: 'BNB',
  })
  feeAsset?: string;

  @integer({
    max: 60_000,
    optional: true,
    about: 'Milliseconds every request takes to the venue. Default 0.',
  })
  latencyMs?: number;

  @integer({ max: 60_000, optional: true, about: 'Up to so many more, drawn from the seed. Default 0.' })
  latencyJitterMs?: number;

  @integer({ max: 60_000, optional: true, about: 'On top of it for placing an order. Default 0.' })
  placeLatencyMs?: number;

  @integer({ max: 60_000, optional: true, about: 'On top of it for amending one. Default 0.' })
  amendLatencyMs?: number;

  @integer({ max: 60_000, optional: true, about: 'On top of it for cancelling one. Default 0.' })
  cancelLatencyMs?: number;

  @integer({ optional: true, about: 'Seed of everything random here. Default 1.' })
  seed?: number;
}

export class CreateAccount {
  @text({ min: 1, max: 60, example: 'paper-1' })
  name: string;

  @oneOf(['paper'], { about: 'Live accounts need venue credentials.', example: 'paper' })
  mode: string;

  @oneOf(['cash', 'margin'], {
    optional: true,
    about: '`cash` (default) buys only what it can pay; `margin` may sell short.',
    example: 'cash',
  })
  type?: string;

  @text({ pattern: /^[A-Z0-9]{1,20}$/, about: 'Currency of equity and P&L.', example: 'USD' })
  baseCurrency: string;

  @decimalMap({ about: 'Opening deposit by asset.', example: { USD: '100000' } })
  initialBalances: Record<string, string>;

  @float({
    min: 1,
    max: 125,
    optional: true,
    about:
      'Of a margin account: notional it may hold for its equity. Initial margin is notional / leverage. Default 1.',
    example: 5,
  })
  leverage?: number;

  @float({
    min: 0.001,
    max: 0.5,
    nullable: true,
    optional: true,
    about:
      'Of a margin account, ratio of the notional held: with less equity it is liquidated. Below 1 / leverage. Default (null) is half of the initial margin, at most 0.05.',
  })
  maintenanceRatio?: number | null;

  @object(() => FillModel, { optional: true })
  fillModel?: FillModel;
}

export class Balance {
  @text()
  asset: string;

  @decimal({ sign: 'any', about: 'free + reserved.' })
  total: string;

  @decimal({ sign: 'any' })
  free: string;

  @decimal({ sign: 'not-negative', about: 'Held for open orders.' })
  reserved: string;
}

export class AccountGrant {
  @text({
    max: 100,
    about: 'User id. A change may also name the user by username.',
    example: '01J9ZK3V7Q2N4M6P8R0T2W4Y6A',
  })
  user: string;

  @oneOf(['read', 'trade'], { about: '`read` sees everything; `trade` also places and cancels orders.' })
  level: 'read' | 'trade';
}

/** What is left out stays. */
export class PatchAccount {
  @text({ min: 1, max: 60, optional: true, example: 'paper-1' })
  name?: string;

  @float({ min: 1, max: 125, optional: true, about: 'Of a margin account.', example: 5 })
  leverage?: number;

  @list(() => AccountGrant, { max: 50, optional: true, about: 'Replaces all grants there are.' })
  grants?: AccountGrant[];
}

export class Account {
  @text()
  id: string;
  @text()
  name: string;
  @text({ about: 'User id.' })
  owner: string;
  @oneOf(['paper', 'live'])
  mode: string;
  @oneOf(['cash', 'margin'])
  type: string;
  @text()
  baseCurrency: string;
  @float({ min: 1, about: 'Notional it may hold for its equity; 1 on a cash account.' })
  leverage: number;
  @float({
    min: 0,
    nullable: true,
    about: 'Ratio of the notional held; with less equity it is liquidated. Null on a cash account.',
  })
  maintenanceRatio: number | null;
  @oneOf(['active', 'reducing', 'halted'])
  state: string;
  @text({ about: '`live`, or the replay it is bound to.' })
  session: string;
  @list(() => Balance)
  balances: Balance[];
  @object(() => FillModel)
  fillModel: FillModel;
  @list(() => AccountGrant, { max: 50, about: 'Others who may use it.' })
  grants: AccountGrant[];
  @integer({ min: 1, about: 'Of name, leverage and grants; send it as `If-Match` with a change.' })
  version: number;
  @time()
  createdAt: string;
  @time({ nullable: true, about: 'Since when statistics count; null: since it was made.' })
  resetAt: string | null;
  @time({ nullable: true, about: 'Nothing is ordered or paid in it any more.' })
  archivedAt: string | null;
}

export class AccountsQuery {
  @flag({ optional: true, about: 'List the archived ones too. Default false.' })
  archived?: boolean;
}

export class ResetAccount {
  @decimalMap({
    optional: true,
    about: 'What it begins with, by asset; left out: what it once began with.',
    example: { USD: '100000' },
  })
  balances?: Record<string, string>;
}

export class CloneAccount {
  @text({ min: 1, max: 60, optional: true, about: 'Default: the name of the account it is a clone of.' })
  name?: string;
}

export class TransferRequest {
  @oneOf(['deposit', 'withdrawal'])
  kind: 'deposit' | 'withdrawal';

  @text({ pattern: /^[A-Z0-9]{1,20}$/, example: 'USD' })
  asset: string;

  @decimal({ example: '1000' })
  amount: string;
}

export class Transfer extends TransferRequest {
  @text()
  id: string;

  @time()
  time: string;
}

export class FundingPayment {
  @instrumentId({ about: 'A derivative.', example: 'BTC-USDT-PERP.BINANCE' })
  instrument: string;

  @decimal({
    sign: 'any',
    about: 'Ratio of notional; above zero longs pay and shorts receive.',
    example: '0.0001',
  })
  rate: string;

  @decimal({ about: 'Price the notional is taken at.', example: '65000' })
  markPrice: string;

  @time({ about: 'When it was due; not to come. With the instrument it names the payment.' })
  time: string;
}

export class FundingResult extends FundingPayment {
  @integer({ about: 'Accounts it was booked for now.' })
  accounts: number;

  @integer({ about: 'Accounts that had it before.' })
  before: number;
}

/**
 * Accounts a principal may see: its own and those it was given a grant on; operators and admins all. Another's account
 * is unknown, not forbidden; one that is shared for less than is asked answers TRADING_GRANT_TOO_LOW.
 */
export abstract class Accounts {
  static readonly port: PortDescription<Accounts> = {
    name: 'trading.accounts',
    methods: {
      create: 'keyed',
      list: 'read',
      get: 'read',
      update: 'act',
      transfer: 'keyed',
      payFunding: 'keyed',
      reset: 'keyed',
      clone: 'keyed',
      archive: 'keyed',
    },
  };

  /** `idempotencyKey`: the same key and content answers the first account again; other content → IDEMPOTENCY_KEY_REUSED. */
  abstract create(command: {
    principal: Principal;
    account: CreateAccount;
    idempotencyKey?: string;
  }): Promise<Account>;
  /** `archived`: also those that were put away. */
  abstract list(query: { principal: Principal } & AccountsQuery): Promise<Account[]>;
  /** `needed`: what the principal must be allowed to do with it, `read` unless said. Throws TRADING_ACCOUNT_UNKNOWN. */
  abstract get(query: {
    principal: Principal;
    accountId: string;
    needed?: 'read' | 'trade' | 'own';
  }): Promise<Account>;
  /**
   * Name, leverage and grants, by the owner or an admin. `version`: the one that was read; null: whatever it is. Throws
   * REQUEST_PRECONDITION_FAILED, REQUEST_INVALID for a user named twice, the owner among them or leverage on a cash
   * account, and TRADING_LEVERAGE_TOO_LOW when what is held and ordered would not have its initial margin.
   */
  abstract update(command: {
    principal: Principal;
    accountId: string;
    version: number | null;
    changes: PatchAccount;
  }): Promise<Account>;
  /** Throws TRADING_BALANCE_TOO_LOW, TRADING_ACCOUNT_ARCHIVED. */
  abstract transfer(command: {
    principal: Principal;
    accountId: string;
    transfer: TransferRequest;
    idempotencyKey?: string;
  }): Promise<Transfer>;
  /**
   * Begins again with its first balances or those given: open orders are cancelled, the ledger is closed and opened by
   * balanced transactions, positions are flat, statistics, drawdown and latch begin anew. Logs go on. Throws
   * TRADING_STRATEGY_STATE while a strategy is started, TRADING_ACCOUNT_IN_REPLAY, TRADING_ACCOUNT_ARCHIVED.
   */
  abstract reset(command: {
    principal: Principal;
    accountId: string;
    reset: ResetAccount;
    idempotencyKey?: string;
  }): Promise<Account>;
  /** A new account of the caller's with the same type, currency, fill model, limits and first balances; flat, and without its grants. */
  abstract clone(command: {
    principal: Principal;
    accountId: string;
    clone: CloneAccount;
    idempotencyKey?: string;
  }): Promise<Account>;
  /**
   * Cancels what is open and puts the account away for good: still read, no longer listed, every order, transfer and
   * setting refused. Archiving an archived one answers it as it is. Throws as `reset` does, but for that.
   */
  abstract archive(command: {
    principal: Principal;
    accountId: string;
    idempotencyKey?: string;
  }): Promise<Account>;
  /**
   * Books a funding payment for every account of the live market on what it held at that time, once each however often
   * it is sent. Operators only, others get REQUEST_FORBIDDEN. Throws REQUEST_INVALID for what is no derivative and for a
   * time to come, TRADING_FUNDING_DIFFERS when that payment was made with another rate or price.
   */
  abstract payFunding(command: { principal: Principal; payment: FundingPayment }): Promise<FundingResult>;
}
