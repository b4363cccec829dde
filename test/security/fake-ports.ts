import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Backfills } from '../../src/data/contract/backfills.js';
import { Candles } from '../../src/data/contract/candles.js';
import { Exports } from '../../src/data/contract/exports.js';
import { Feeds } from '../../src/data/contract/feeds.js';
import { Imports } from '../../src/data/contract/imports.js';
import { Instruments } from '../../src/data/contract/instruments.js';
import { DataJobs } from '../../src/data/contract/jobs.js';
import { Market } from '../../src/data/contract/quotes.js';
import { Quality } from '../../src/data/contract/quality.js';
import { Replays } from '../../src/data/contract/replays.js';
import { Spool } from '../../src/data/contract/spool.js';
import { Features } from '../../src/ml/contract/features.js';
import { Models } from '../../src/ml/contract/models.js';
import { Predictions } from '../../src/ml/contract/predictions.js';
import { Accounts } from '../../src/trading/contract/accounts.js';
import { tradingProblem } from '../../src/trading/contract/errors.js';
import { OrderLists } from '../../src/trading/contract/order-lists.js';
import { Orders } from '../../src/trading/contract/orders.js';
import { Portfolio } from '../../src/trading/contract/portfolio.js';
import { GlobalRisk, Risk } from '../../src/trading/contract/risk.js';
import { Strategies } from '../../src/trading/contract/strategies.js';

type PortToken = abstract new () => object;
const ports: readonly PortToken[] = [
  Accounts,
  Backfills,
  Candles,
  DataJobs,
  Exports,
  Features,
  Feeds,
  Imports,
  Instruments,
  Market,
  Models,
  OrderLists,
  Orders,
  Portfolio,
  Predictions,
  Quality,
  Replays,
  Risk,
  GlobalRisk,
  Spool,
  Strategies,
];

/**
 * The modules behind the gateway, played by plain objects: each test says what the methods it needs answer, and a
 * method nobody spoke for fails loudly. For what lies in front of the ports; what lies behind them has its own tests.
 */
export class FakePorts {
  private readonly answers = new Map<string, (question: any) => unknown>();
  readonly asked: { port: string; method: string; question: any }[] = [];

  /** `answer(Accounts, 'get', ({ accountId }) => …)` */
  answer<P extends abstract new () => any, M extends keyof InstanceType<P> & string>(
    port: P,
    method: M,
    answer: (question: Parameters<InstanceType<P>[M]>[0]) => unknown,
  ): this {
    this.answers.set(`${port.name}.${method}`, answer);
    return this;
  }

  module(): DynamicModule {
    const providers = ports.map((port) => ({ provide: port, useValue: this.play(port) }));
    return { module: FakePortsModule, providers, exports: [...ports] };
  }

  private play(port: PortToken): object {
    return new Proxy(
      {},
      {
        get: (_target, method) => {
          // Nest looks for hooks and thenables on everything it holds.
          if (typeof method !== 'string' || method === 'then' || /^(on|before)[A-Z]/.test(method))
            return undefined;
          return async (question: unknown) => {
            this.asked.push({ port: port.name, method, question });
            const answer = this.answers.get(`${port.name}.${method}`);
            if (!answer) throw new Error(`nobody said what ${port.name}.${method} answers`);
            return answer(question);
          };
        },
      },
    );
  }
}

@Global()
@Module({})
class FakePortsModule {}

/** Accounts known by owner; another's is unknown. */
export function ownedAccounts(fakes: FakePorts, owners: Record<string, string>): void {
  fakes.answer(Accounts, 'get', ({ principal, accountId }) => {
    if (owners[accountId] !== principal.userId) {
      throw tradingProblem('TRADING_ACCOUNT_UNKNOWN', { detail: `there is no account ${accountId}` });
    }
    return { id: accountId, owner: principal.userId, session: 'live', version: 1, archivedAt: null };
  });
}
