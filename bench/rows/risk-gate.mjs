import { cpuSeconds } from '../lib/cpu.mjs';
import { Decimal } from '../../dist/src/kernel/decimal.js';
import { liveSession } from '../../dist/src/kernel/events.js';
import { UlidIds } from '../../dist/src/kernel/ids.js';
import { SeededRandom } from '../../dist/src/kernel/random.js';
import { execute } from '../../dist/src/trading/desk/commands.js';
import { marketOf } from '../../dist/src/trading/desk/desk-state.js';
import { Journal } from '../../dist/src/trading/desk/journal.js';
import { RecentOrders } from '../../dist/src/trading/desk/recent-orders.js';
import { tradedInstrument } from '../../dist/src/trading/marks/traded-instrument.js';
import { contentHash, orderContent } from '../../dist/src/trading/orders/order-content.js';
import { denialOf, verdictsOf } from '../../dist/src/trading/risk/risk-gate.js';
import { EquityMeasure } from '../../dist/src/trading/risk/equity-measure.js';
import { RiskScene } from '../../dist/src/trading/risk/risk-scene.js';
import {
  globalLimitDefaults,
  SharedRisk,
  sharedRiskAtFirst,
} from '../../dist/src/trading/risk/shared-risk.js';

const checks = Number(process.env.BENCH_CHECKS ?? 200_000);
const nowMs = Date.parse('2024-05-01T12:00:00Z');
const assets = ['BTC', 'ETH', 'SOL'];
const mids = { BTC: 60_000, ETH: 3_000, SOL: 150 };
const idOf = (asset) => `${asset}-USD.SIM`;

/** Every limit an account and an operator can set, wide enough for the orders asked about. */
const everyLimit = {
  maxOrderQuantity: '1000000',
  maxOrderNotional: '1000000000',
  maxPosition: '1000000000',
  maxGrossExposure: '1000000000',
  maxNetExposure: '1000000000',
  maxConcentration: 10,
  maxLeverage: 10,
  maxOpenOrders: 100_000,
  maxOrdersPerSecond: 1_000_000,
  maxAmendsPerSecond: 1_000_000,
  priceCollar: 0.05,
  duplicateWindowMs: 1_000,
  selfTrade: 'account',
  dailyLoss: '100000000',
  maxDrawdown: 0.9,
  protections: { cooldownSeconds: 60 },
};
const everyGlobalLimit = {
  maxOrderNotional: '1000000000',
  maxGrossExposure: '100000000000',
  maxNetExposure: '100000000000',
  maxOpenOrders: 1_000_000,
  maxOrdersPerSecond: 1_000_000,
};

/** A margin account that holds three positions and forty orders, and its market, in memory. */
function scenes() {
  const clock = { nowMs: () => nowMs };
  const accounts = new Map();
  const shared = new SharedRisk(() => accounts.values());
  shared.take({ ...sharedRiskAtFirst, limits: { ...globalLimitDefaults, ...everyGlobalLimit } });
  const instruments = new Map(
    assets.map((base) => [
      idOf(base),
      tradedInstrument({
        id: idOf(base),
        base,
        quote: 'USD',
        venue: 'SIM',
        tickSize: '0.01',
        lotSize: '0.00001',
        minimumQuantity: '0.00001',
        minimumNotional: '5',
        makerFee: '0.001',
        takerFee: '0.001',
        status: 'trading',
      }),
    ]),
  );
  const live = { session: liveSession, clock, ids: new UlidIds(clock, new SeededRandom('bench')), shared };
  const desk = {
    accounts,
    sessions: new Map(),
    recent: new RecentOrders(1_000),
    live,
    instrument: (id) => instruments.get(id) ?? null,
  };
  const run = (command) => execute(desk, command, new Journal());
  const accountId = 'bench';
  run({
    kind: 'create-account',
    accountId,
    terms: {
      id: accountId,
      name: 'bench',
      owner: 'bench',
      mode: 'paper',
      type: 'margin',
      baseCurrency: 'USD',
      fillModel: {},
      leverage: 1,
      maintenanceRatio: null,
      initialBalances: { USD: '100000000' },
    },
    answerKey: null,
  });
  for (const asset of assets) {
    const [bid, ask] = [mids[asset] - 1, mids[asset] + 1].map((price) => price.toFixed(2));
    const quote = { bid, bidSize: '1000', ask, askSize: '1000' };
    run({
      kind: 'market',
      session: liveSession,
      timeMs: nowMs,
      data: { instrument: idOf(asset), trades: [], quote },
    });
  }
  const place = (order) => {
    const content = orderContent(order);
    const outcome = run({
      kind: 'place',
      accountId,
      content,
      contentHash: contentHash(content, null),
      clientOrderId: null,
      strategyId: null,
    });
    if ('problem' in outcome) throw outcome.problem;
  };
  const limit = (asset, side, away, quantity) => ({
    instrument: idOf(asset),
    side,
    type: 'limit',
    quantity,
    limitPrice: (mids[asset] * (side === 'buy' ? 1 - away : 1 + away)).toFixed(2),
  });
  run({ kind: 'set-limits', accountId, changes: { ...everyLimit, duplicateWindowMs: null }, actor: 'bench' });
  for (const asset of assets)
    place({ instrument: idOf(asset), side: 'buy', type: 'market', quantity: '0.5' });
  for (let n = 0; n < 40; n += 1)
    place(limit(assets[n % 3], n % 2 === 0 ? 'buy' : 'sell', 0.01 + n / 1000, '0.1'));
  run({ kind: 'set-limits', accountId, changes: { duplicateWindowMs: 1_000 }, actor: 'bench' });
  const account = accounts.get(accountId);
  account.measure ??= EquityMeasure.begin(Decimal.of('100000000'), nowMs);
  const session = marketOf(desk, liveSession);
  const orders = Array.from({ length: 300 }, (_, n) => {
    const content = orderContent(
      limit(
        assets[n % 3],
        n % 2 === 0 ? 'buy' : 'sell',
        0.002 + (n % 37) / 10_000,
        (0.1 + (n % 10) / 100).toFixed(2),
      ),
    );
    const { quantity, limitPrice } = content;
    return {
      ...content,
      triggerPrice: null,
      stepsBack: false,
      replaces: null,
      cost: quantity.times(limitPrice),
      reaches: null,
      unnamed: true,
    };
  });
  return orders.map(
    (order) => () =>
      new RiskScene({ account, order, instrument: desk.instrument(order.instrument), session, nowMs }),
  );
}

export const rows = [
  {
    row: 'risk gate alone, every rule and limit on',
    against: 'the limit of 500,000 checks/s, counted in processor time of its one thread',
    unit: 'checks/s',
    atLeast: 1,
    open: async () => {
      const made = scenes();
      for (const scene of made) {
        const no = verdictsOf(scene()).filter(({ ok }) => !ok);
        if (no.length > 0)
          throw new Error(`the orders of this row pass every rule, but: ${JSON.stringify(no)}`);
      }
      return {
        ours: async () => {
          let denied = 0;
          const seconds = cpuSeconds(() => {
            for (let n = 0; n < checks; n += 1) if (denialOf(made[n % made.length]()) !== null) denied += 1;
          });
          if (denied > 0) throw new Error(`${denied} orders were denied`);
          return checks / seconds;
        },
        peer: async () => 500_000,
        close: async () => undefined,
      };
    },
  },
];
