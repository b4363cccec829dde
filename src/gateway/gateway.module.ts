import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessGuard } from './access/access.guard.js';
import { LimitGuard } from './access/limit.guard.js';
import { Limits } from './access/limits.service.js';
import { GatewayMetrics } from './gateway.metrics.js';
import { AccountsController } from './http/accounts.controller.js';
import { AuthController } from './http/auth.controller.js';
import { CoalescedCancels } from './http/coalesced-cancels.service.js';
import { FeedsController } from './http/feeds.controller.js';
import { Idempotency } from './http/idempotency.service.js';
import { BackfillsController } from './http/backfills.controller.js';
import { DataQualityController } from './http/data-quality.controller.js';
import { ExportsController } from './http/exports.controller.js';
import { ImportsController } from './http/imports.controller.js';
import { JobsController } from './http/jobs.controller.js';
import { MarketDataController } from './http/market-data.controller.js';
import { ModelsController } from './http/models.controller.js';
import { FundingController } from './http/funding.controller.js';
import { OrderListsController } from './http/order-lists.controller.js';
import { OrdersController } from './http/orders.controller.js';
import { PortfolioController } from './http/portfolio.controller.js';
import { PredictionsController } from './http/predictions.controller.js';
import { ProcessInfo } from './http/process-info.js';
import { ReplaysController } from './http/replays.controller.js';
import { GlobalRiskController } from './http/global-risk.controller.js';
import { RiskController } from './http/risk.controller.js';
import { ServicesController } from './http/services.controller.js';
import { StrategiesController } from './http/strategies.controller.js';
import { StreamController } from './http/stream.controller.js';
import { UsersController } from './http/users.controller.js';
import { AccessTokens } from './identity/access-tokens.service.js';
import { Directory } from './identity/directory.service.js';
import { FirstSignIn } from './identity/first-sign-in.service.js';
import { IdentityStart } from './identity/identity-start.service.js';
import { Passwords } from './identity/passwords.service.js';
import { Secrets } from './identity/secrets.adapter.js';
import { SessionRepository } from './identity/session.repository.js';
import { SignIn } from './identity/sign-in.service.js';
import { SigningKeys } from './identity/signing-keys.service.js';
import { UserEntity } from './identity/user.entity.js';
import { UserRepository } from './identity/user.repository.js';
import { Users } from './identity/users.service.js';
import { AccountFeeds } from './stream/account-feeds.service.js';
import { ServicesView } from './services/services-view.service.js';
import { MarketTopics } from './stream/market-topics.service.js';
import { StreamCount } from './stream/stream-count.service.js';
import { StreamSignIn } from './stream/stream-sign-in.service.js';
import { StreamTalk } from './stream/stream-talk.service.js';
import { StreamTickets } from './stream/stream-tickets.service.js';
import { StreamGateway } from './stream/stream.gateway.js';
import { WatchTopics } from './stream/watch-topics.service.js';

/** What TypeORM maps for the gateway; the composition root hands it to the database module. */
export const gatewayEntities = [UserEntity];

const wholeServer: ProcessInfo = { roles: ['gateway', 'data', 'ml', 'trading'], version: '0.1.0' };

/** Apart from the gateway itself, because the throttler's module needs the storage before the gateway is made. */
@Module({ providers: [Limits, GatewayMetrics], exports: [Limits, GatewayMetrics] })
class LimitsModule {}

/**
 * The one outward face. `over` names the modules whose ports it serves; each must export every port of its contract.
 * The guards are global: they stand before the routes of every module of the process.
 */
@Module({})
export class GatewayModule {
  static over(
    modules: NonNullable<ModuleMetadata['imports']>,
    process: ProcessInfo = wholeServer,
  ): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        ...modules,
        LimitsModule,
        TypeOrmModule.forFeature(gatewayEntities),
        // Keys come with each call, since they rotate.
        JwtModule.register({}),
        ThrottlerModule.forRootAsync({
          imports: [LimitsModule],
          inject: [Limits],
          useFactory: (limits: Limits) => ({
            storage: limits,
            throttlers: Object.values(limits.policies).map(({ name, quota, windowMs }) => ({
              name,
              limit: quota,
              ttl: windowMs,
            })),
          }),
        }),
      ],
      controllers: [
        AuthController,
        UsersController,
        MarketDataController,
        BackfillsController,
        DataQualityController,
        ExportsController,
        ImportsController,
        ReplaysController,
        JobsController,
        FeedsController,
        PredictionsController,
        ModelsController,
        AccountsController,
        FundingController,
        OrderListsController,
        OrdersController,
        PortfolioController,
        RiskController,
        GlobalRiskController,
        StrategiesController,
        ServicesController,
        StreamController,
      ],
      providers: [
        { provide: ProcessInfo, useValue: process },
        CoalescedCancels,
        AccessTokens,
        AccountFeeds,
        Directory,
        FirstSignIn,
        Idempotency,
        IdentityStart,
        Passwords,
        Secrets,
        SessionRepository,
        SignIn,
        SigningKeys,
        ServicesView,
        MarketTopics,
        WatchTopics,
        StreamCount,
        StreamGateway,
        StreamSignIn,
        StreamTalk,
        StreamTickets,
        UserRepository,
        Users,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_GUARD, useClass: LimitGuard },
      ],
      exports: [FirstSignIn],
    };
  }
}
