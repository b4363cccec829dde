import { SilentLog } from '../../src/kernel/log.js';
import { d } from '../../src/kernel/decimal.js';
import { type DomainEvent, liveSession } from '../../src/kernel/events.js';
import { UlidIds } from '../../src/kernel/ids.js';
import { type Metrics, NoMetrics } from '../../src/kernel/metrics.js';
import type { Principal } from '../../src/kernel/principal.js';
import { SeededRandom } from '../../src/kernel/random.js';
import { Clock, toRfc3339 } from '../../src/kernel/time.js';
import { dataProblem } from '../../src/data/contract/errors.js';
import type { MarketBatch } from '../../src/data/contract/events.js';
import { type Instrument, Instruments } from '../../src/data/contract/instruments.js';
import { Market, type OrderBook, type Quote, type Trade } from '../../src/data/contract/quotes.js';
import type { Page } from '../../src/kernel/page.js';
import type { Database } from '../../src/platform/database/database.service.js';
import { InProcessEventBus } from '../../src/platform/events/in-process-event-bus.service.js';
import { AccountsService } from '../../src/trading/accounts/accounts.service.js';
import { AccountUseRepository } from '../../src/trading/accounts/account-use.repository.js';
import { IdempotencyRepository } from '../../src/trading/accounts/idempotency.repository.js';
import type { CreateAccount } from '../../src/trading/contract/accounts.js';
import type { AccountChanged } from '../../src/trading/contract/events.js';
import { Desk } from '../../src/trading/desk/desk.service.js';
import { InstrumentCache } from '../../src/trading/desk/instrument-cache.service.js';
import { OrderListRepository } from '../../src/trading/orders/order-list.repository.js';
import { OrdersService } from '../../src/trading/orders/orders.service.js';
import { FundingRepository } from '../../src/trading/ledger/funding.repository.js';
import { Funding } from '../../src/trading/ledger/funding.service.js';
import { GlobalRiskService } from '../../src/trading/risk/global-risk.service.js';
import { RiskChangesRepository } from '../../src/trading/risk/risk-changes.repository.js';
import { RiskService } from '../../src/trading/risk/risk.service.js';
import { TradingConfig } from '../../src/trading/trading.config.js';
import { TradingMetrics } from '../../src/trading/trading.metrics.js';

/** A clock that stands until it is moved; its monotonic side runs, since waits and latencies are real. */
export class TestClock extends Clock {
  constructor(public ms = Date.parse('2024-05-01T12:00:00Z')) {
    super();
  }
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return performance.now();
  }
}

export const trader: Principal = { userId: 'user-1', username: 'tess', role: 'trader' };
export const stranger: Principal = { userId: 'user-2', username: 'sam', role: 'trader' };
export const operator: Principal = { userId: 'user-3', username: 'olga', role: 'operator' };

export const btc = 'BTC-USD.SIM';

export function anInstrument(over: Partial<Instrument> = {}): Instrument {
  return {
    id: btc,
    base: 'BTC',
    quote: 'USD',
    venue: 'SIM',
    tickSize: '0.01',
    lotSize: '0.00001',
    minimumQuantity: '0.00001',
    minimumNotional: '5',
    makerFee: '0.001',
    takerFee: '0.001',
    status: 'trading',
    ...over,
  };
}

/** Instruments by id, changed by tests as they like. */
export class FakeInstruments extends Instruments {
  readonly byId = new Map<string, Instrument>([[btc, anInstrument()]]);
  async list(): Promise<Instrument[]> {
    return [...this.byId.values()];
  }
  async get({ id }: { id: string }): Promise<Instrument> {
    const found = this.byId.get(id);
    if (found === undefined) throw dataProblem('DATA_UNKNOWN_INSTRUMENT', { detail: id });
    return found;
  }
  async put({ id, rules }: { id: string; rules: object }): Promise<Instrument> {
    const instrument = { ...this.byId.get(id)!, ...rules };
    this.byId.set(id, instrument);
    return instrument;
  }
}

/** A market that has nothing to say besides what tests publish. */
class QuietMarket extends Market {
  async quote({ instrument }: { instrument: string }): Promise<Quote> {
    throw dataProblem('DATA_NO_QUOTE', { detail: instrument });
  }
  async orderBook({ instrument }: { instrument: string }): Promise<OrderBook> {
    throw dataProblem('DATA_NO_QUOTE', { detail: instrument });
  }
  async trades(): Promise<Page<Trade>> {
    return { items: [], nextCursor: null };
  }
}

export interface TestDesk {
  readonly desk: Desk;
  readonly orders: OrdersService;
  readonly accounts: AccountsService;
  readonly risk: RiskService;
  readonly globalRisk: GlobalRiskService;
  readonly bus: InProcessEventBus;
  readonly clock: TestClock;
  readonly instruments: FakeInstruments;
  /** Every account event published, in order. */
  readonly heard: AccountChanged[];
  /** Publishes market data and waits until the desk has dealt with it. */
  market(data: Partial<MarketBatch['data']>, session?: string, timeMs?: number): Promise<void>;
  /** A cash account with 100,000 USD and no limits but those given. */
  account(over?: Partial<CreateAccount>): Promise<string>;
  stop(): Promise<void>;
}

/** The trading desk over a real database, with a market made of what the test says. */
export async function testDesk(
  database: Database,
  {
    config = {},
    clock = new TestClock(),
    metrics = new NoMetrics(),
    seed = 'desk',
  }: {
    config?: ConstructorParameters<typeof TradingConfig>[0];
    clock?: TestClock;
    metrics?: Metrics;
    seed?: string;
  } = {},
): Promise<TestDesk> {
  const log = new SilentLog();
  const bus = new InProcessEventBus(clock, new NoMetrics(), log);
  const settings = new TradingConfig(config);
  const instruments = new FakeInstruments();
  const ids = new UlidIds(clock, new SeededRandom(seed));
  const feeds = new InstrumentCache(instruments, new QuietMarket(), clock, settings, log);
  const counters = new TradingMetrics(metrics);
  const desk = new Desk(database, bus, clock, ids, log, settings, feeds, counters);
  const accounts = new AccountsService(
    desk,
    new IdempotencyRepository(database, clock),
    new AccountUseRepository(database),
    ids,
    new Funding(desk, new FundingRepository(database), clock),
  );
  const heard: AccountChanged[] = [];
  bus.subscribe<AccountChanged>('trading.account-changed', 'test', (event) => void heard.push(event));
  const trail = new RiskChangesRepository(database);
  const globalRisk = new GlobalRiskService(desk, trail, clock, counters, log);
  await desk.onModuleInit();
  await globalRisk.onApplicationBootstrap();
  return {
    desk,
    accounts,
    orders: new OrdersService(desk, new OrderListRepository(database)),
    risk: new RiskService(desk, trail),
    globalRisk,
    bus,
    clock,
    instruments,
    heard,
    market: (data, session = liveSession, timeMs = clock.ms) =>
      bus.publish({
        type: 'data.market-batch',
        key: `${session}:${data.instrument ?? btc}`,
        timeMs,
        session,
        data: { instrument: btc, trades: [], ...data },
      } satisfies DomainEvent),
    account: async (over = {}) => {
      const account: CreateAccount = {
        name: 'test',
        mode: 'paper',
        type: 'cash',
        baseCurrency: 'USD',
        initialBalances: { USD: '100000' },
        ...over,
      };
      return (await accounts.create({ principal: trader, account })).id;
    },
    stop: () => desk.beforeApplicationShutdown(),
  };
}

/** A book around `mid`: ten levels a side, one unit of base asset each, `0.5` apart. */
export function aBook(mid: string, quantity = '1'): MarketBatch['data']['book'] {
  const level = (side: 1 | -1, n: number): [string, string] => [
    d(mid)
      .plus(d(`${0.5 * n}`).times(d(`${side}`)))
      .toString(),
    quantity,
  ];
  const tens = Array.from({ length: 10 }, (_, n) => n + 1);
  return { bids: tens.map((n) => level(-1, n)), asks: tens.map((n) => level(1, n)) };
}

export function aTrade(price: string, quantity: string, side: 'buy' | 'sell', timeMs = 0) {
  return { id: `${price} ${quantity} ${toRfc3339(timeMs)}`, price, quantity, side, timeMs };
}
