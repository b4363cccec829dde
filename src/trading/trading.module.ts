import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountsService } from './accounts/accounts.service.js';
import { AccountUseRepository } from './accounts/account-use.repository.js';
import { IdempotencyRepository } from './accounts/idempotency.repository.js';
import { Accounts } from './contract/accounts.js';
import { OrderLists } from './contract/order-lists.js';
import { Orders } from './contract/orders.js';
import { Portfolio } from './contract/portfolio.js';
import { GlobalRisk, Risk } from './contract/risk.js';
import { Strategies } from './contract/strategies.js';
import { DeskReads } from './desk/desk-reads.js';
import { Desk } from './desk/desk.service.js';
import { InstrumentCache } from './desk/instrument-cache.service.js';
import { FundingRepository } from './ledger/funding.repository.js';
import { Funding } from './ledger/funding.service.js';
import { OrderListRepository } from './orders/order-list.repository.js';
import { OrderListsRepository } from './orders/order-lists.repository.js';
import { OrderListsService } from './orders/order-lists.service.js';
import { OrdersService } from './orders/orders.service.js';
import { EquityPoints } from './portfolio/equity-points.service.js';
import { EquityRecorder } from './portfolio/equity-recorder.service.js';
import { EquityRepository } from './portfolio/equity.repository.js';
import { LedgerVerifier } from './portfolio/ledger-verifier.service.js';
import { PortfolioExplainer } from './portfolio/portfolio-explainer.service.js';
import { PortfolioStatistics } from './portfolio/portfolio-statistics.service.js';
import { PortfolioMetrics } from './portfolio/portfolio.metrics.js';
import { PortfolioRepository } from './portfolio/portfolio.repository.js';
import { PortfolioService } from './portfolio/portfolio.service.js';
import { PositionCloser } from './portfolio/position-closer.service.js';
import { TripHistory } from './portfolio/trip-history.service.js';
import { GlobalRiskService } from './risk/global-risk.service.js';
import { RiskChangesRepository } from './risk/risk-changes.repository.js';
import { RiskService } from './risk/risk.service.js';
import { StrategiesMetrics } from './strategies/strategies.metrics.js';
import { StrategiesService } from './strategies/strategies.service.js';
import { StrategyBook } from './strategies/strategy-book.js';
import { StrategyHands } from './strategies/strategy-hands.service.js';
import { StrategyRunner } from './strategies/strategy-runner.service.js';
import { StrategyEntity } from './strategies/strategy.entity.js';
import { StrategyRepository } from './strategies/strategy.repository.js';
import { TradingMetrics } from './trading.metrics.js';

/** The desk and what stands directly on it. */
const deskProviders: Provider[] = [
  TradingMetrics,
  InstrumentCache,
  Desk,
  { provide: DeskReads, useExisting: Desk },
  OrderListRepository,
  IdempotencyRepository,
  AccountUseRepository,
  OrdersService,
  { provide: Orders, useExisting: OrdersService },
  OrderListsRepository,
  OrderListsService,
  { provide: OrderLists, useExisting: OrderListsService },
  FundingRepository,
  Funding,
  AccountsService,
  { provide: Accounts, useExisting: AccountsService },
  RiskChangesRepository,
  RiskService,
  { provide: Risk, useExisting: RiskService },
  GlobalRiskService,
  { provide: GlobalRisk, useExisting: GlobalRiskService },
];

const portfolioProviders: Provider[] = [
  PortfolioMetrics,
  PortfolioRepository,
  EquityRepository,
  EquityPoints,
  EquityRecorder,
  TripHistory,
  PortfolioStatistics,
  PortfolioExplainer,
  LedgerVerifier,
  PositionCloser,
  PortfolioService,
  { provide: Portfolio, useExisting: PortfolioService },
];

const strategyProviders: Provider[] = [
  StrategiesMetrics,
  StrategyRepository,
  StrategyBook,
  StrategyHands,
  StrategyRunner,
  StrategiesService,
  { provide: Strategies, useExisting: StrategiesService },
];

const providers = [...deskProviders, ...portfolioProviders, ...strategyProviders];

/** What other modules may ask for: ports, and the account a first start needs. */
const shown = [Orders, OrderLists, Accounts, Risk, GlobalRisk, Portfolio, Strategies, AccountsService];

/** What TypeORM maps; the root names them when it opens the database. */
export const tradingEntities = [StrategyEntity] as const;

/**
 * Decisions and money. Needs the ports Instruments and Market, given by the modules it is laid over, and the global
 * kernel providers.
 */
@Module({})
export class TradingModule {
  static over(modules: NonNullable<DynamicModule['imports']>): DynamicModule {
    const imports = [...modules, TypeOrmModule.forFeature([...tradingEntities])];
    return { module: TradingModule, imports, providers, exports: shown };
  }
}
