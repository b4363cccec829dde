import { liveSession } from '../../src/kernel/events.js';
import { UlidIds } from '../../src/kernel/ids.js';
import { SeededRandom } from '../../src/kernel/random.js';
import type { Instrument } from '../../src/data/contract/instruments.js';
import type { AccountState } from '../../src/trading/accounts/account-state.js';
import type { FillModel } from '../../src/trading/contract/accounts.js';
import type { OrderList, PlaceOrderList } from '../../src/trading/contract/order-lists.js';
import type { Order, OrderCheck, PlaceOrder } from '../../src/trading/contract/orders.js';
import type { RiskLimits } from '../../src/trading/contract/risk.js';
import { type AnswerOf, type Command, execute } from '../../src/trading/desk/commands.js';
import { type DeskState, marketOf } from '../../src/trading/desk/desk-state.js';
import { Journal } from '../../src/trading/desk/journal.js';
import { checkOrder } from '../../src/trading/desk/plan-order.js';
import { RecentOrders } from '../../src/trading/desk/recent-orders.js';
import type { MarketData } from '../../src/trading/marks/instrument-market.js';
import { tradedInstrument } from '../../src/trading/marks/traded-instrument.js';
import { listContent, listHash } from '../../src/trading/orders/list-content.js';
import { contentHash, orderContent } from '../../src/trading/orders/order-content.js';
import { anInstrument, btc, TestClock } from './trading-desk.js';

/** No limit bites unless a test sets it. */
export const noLimits: RiskLimits = {
  maxOrderQuantity: null,
  maxOrderNotional: null,
  maxPosition: null,
  maxGrossExposure: null,
  maxNetExposure: null,
  maxConcentration: null,
  maxLeverage: null,
  maxOpenOrders: null,
  maxOrdersPerSecond: null,
  maxAmendsPerSecond: null,
  priceCollar: null,
  duplicateWindowMs: null,
  selfTrade: null,
  dailyLoss: null,
  maxDrawdown: null,
  protections: null,
};

/** One account and its market in memory: the desk's pure acts without a database. */
export class TestAccount {
  readonly clock = new TestClock();
  readonly instruments = new Map<string, Instrument>([[btc, anInstrument()]]);
  readonly desk: DeskState;
  readonly journals: Journal[] = [];
  readonly id = 'account-1';

  constructor({
    type = 'cash',
    balances = { USD: '100000' },
    limits = noLimits,
    fillModel = {},
    leverage = 1,
    maintenanceRatio = null,
  }: {
    type?: 'cash' | 'margin';
    balances?: Record<string, string>;
    limits?: RiskLimits;
    fillModel?: FillModel;
    leverage?: number;
    maintenanceRatio?: number | null;
  } = {}) {
    this.desk = {
      accounts: new Map(),
      sessions: new Map(),
      recent: new RecentOrders(1000),
      live: {
        session: liveSession,
        clock: this.clock,
        ids: new UlidIds(this.clock, new SeededRandom('test')),
      },
      instrument: (id) => {
        const found = this.instruments.get(id);
        return found === undefined ? null : tradedInstrument(found);
      },
    };
    marketOf(this.desk, liveSession);
    this.run({
      kind: 'create-account',
      accountId: this.id,
      terms: {
        id: this.id,
        name: 'test',
        owner: 'user-1',
        mode: 'paper',
        type,
        baseCurrency: 'USD',
        leverage,
        maintenanceRatio,
        fillModel,
        initialBalances: balances,
      },
      actor: 'tess',
      answerKey: null,
    });
    this.limits(limits);
  }

  get state(): AccountState {
    return this.desk.accounts.get(this.id)!;
  }

  run<C extends Command>(command: C): AnswerOf<C> {
    const journal = new Journal();
    this.journals.push(journal);
    return execute(this.desk, command, journal) as AnswerOf<C>;
  }

  limits(changes: RiskLimits): void {
    this.run({ kind: 'set-limits', accountId: this.id, changes, actor: 'tess' });
  }

  market(data: Partial<MarketData>, session = liveSession, timeMs = this.clock.ms): void {
    this.run({ kind: 'market', session, timeMs, data: { instrument: btc, trades: [], ...data } });
  }

  /** The order, or throws the problem its sender would get. Market buy of 1 unless told otherwise. */
  place(over: Partial<PlaceOrder> = {}, strategyId: string | null = null): Order {
    const order: PlaceOrder = { instrument: btc, side: 'buy', type: 'market', ...over };
    if (order.quantity === undefined && order.notional === undefined) order.quantity = '1';
    const content = orderContent(order);
    const outcome = this.run({
      kind: 'place',
      accountId: this.id,
      content,
      contentHash: contentHash(content, strategyId),
      clientOrderId: order.clientOrderId ?? null,
      strategyId,
    });
    if ('problem' in outcome) throw outcome.problem;
    return outcome.answer.order;
  }

  /** What every rule and the venue would say. */
  check(over: Partial<PlaceOrder> = {}): OrderCheck {
    return checkOrder(
      this.desk,
      this.id,
      orderContent({ instrument: btc, side: 'buy', type: 'market', ...over }),
    );
  }

  /** The list, or throws the problem its sender would get. */
  placeList(asked: PlaceOrderList): OrderList {
    const list = listContent(asked);
    const outcome = this.run({
      kind: 'place-list',
      accountId: this.id,
      list,
      contentHash: listHash(list),
      answerKey: null,
    });
    if ('problem' in outcome) throw outcome.problem;
    if ('replayedId' in outcome) throw new Error(`list ${outcome.replayedId} was there before`);
    return outcome.list;
  }

  limit(side: 'buy' | 'sell', quantity: string, limitPrice: string, over: Partial<PlaceOrder> = {}): Order {
    return this.place({ side, type: 'limit', quantity, limitPrice, ...over });
  }

  /** The order as it now is. */
  order(id: string): Order {
    return this.run({ kind: 'cancel', accountId: this.id, orderId: id });
  }

  /** Fills in the order they happened, as `side quantity @ price`. */
  get fills(): string[] {
    return this.journals.flatMap(({ fills }) =>
      fills.map(({ fill }) => `${fill.side} ${fill.quantity} @ ${fill.price}`),
    );
  }
}
