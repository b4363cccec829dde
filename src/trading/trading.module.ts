import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { AccountsService } from './accounts/accounts.service.js';
import { IdempotencyRepository } from './accounts/idempotency.repository.js';
import { Accounts } from './contract/accounts.js';
import { Orders } from './contract/orders.js';
import { Risk } from './contract/risk.js';
import { DeskReads } from './desk/desk-reads.js';
import { Desk } from './desk/desk.service.js';
import { InstrumentCache } from './desk/instrument-cache.service.js';
import { OrderListRepository } from './orders/order-list.repository.js';
import { OrdersService } from './orders/orders.service.js';
import { RiskService } from './risk/risk.service.js';
import { TradingMetrics } from './trading.metrics.js';

/** The desk and what stands directly on it. */
const deskProviders: Provider[] = [
  TradingMetrics,
  InstrumentCache,
  Desk,
  { provide: DeskReads, useExisting: Desk },
  OrderListRepository,
  IdempotencyRepository,
  OrdersService,
  { provide: Orders, useExisting: OrdersService },
  AccountsService,
  { provide: Accounts, useExisting: AccountsService },
  RiskService,
  { provide: Risk, useExisting: RiskService },
];

/** What other modules may ask for: ports, and the account a first start needs. */
const shown = [Orders, Accounts, Risk, AccountsService];

/**
 * Decisions and money. Needs the ports Instruments and Market, given by the modules it is laid over, and the global
 * kernel providers.
 */
@Module({})
export class TradingModule {
  static over(modules: NonNullable<DynamicModule['imports']>): DynamicModule {
    return { module: TradingModule, imports: modules, providers: deskProviders, exports: shown };
  }
}
