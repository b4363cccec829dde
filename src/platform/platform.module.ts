import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { EventBus } from '../kernel/events.js';
import { Ids, UlidIds } from '../kernel/ids.js';
import { Log } from '../kernel/log.js';
import { Metrics } from '../kernel/metrics.js';
import { Random } from '../kernel/random.js';
import { Clock } from '../kernel/time.js';
import { InProcessEventBus } from './events/in-process-event-bus.service.js';
import { ContractPipe } from './http/contract.pipe.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RequestWatchService } from './http/request-watch.service.js';
import { PinoLog } from './logging/pino-log.adapter.js';
import { SystemClock } from './time/system-clock.adapter.js';
import { SystemRandom } from './time/system-random.adapter.js';

/**
 * What every part may ask for by its kernel token: Clock, Random, Ids, Log, EventBus; and what holds for every route:
 * problem documents, contracts on bodies and queries, one log line per request. Needs Metrics from elsewhere.
 */
@Global()
@Module({})
export class PlatformModule implements OnApplicationShutdown {
  /** The log is made before the framework starts, since it takes the framework's own messages too. */
  static of(log: Log): DynamicModule {
    return {
      module: PlatformModule,
      providers: [
        { provide: Log, useValue: log },
        { provide: Clock, useClass: SystemClock },
        { provide: Random, useClass: SystemRandom },
        {
          provide: Ids,
          useFactory: (clock: Clock, random: Random) => new UlidIds(clock, random),
          inject: [Clock, Random],
        },
        {
          provide: EventBus,
          useFactory: (clock: Clock, metrics: Metrics, log: Log) =>
            new InProcessEventBus(clock, metrics, log),
          inject: [Clock, Metrics, Log],
        },
        RequestWatchService,
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: ContractPipe },
      ],
      exports: [Log, Clock, Random, Ids, EventBus],
    };
  }

  constructor(
    @Inject(Log) private readonly log: Log,
    metrics: Metrics,
  ) {
    metrics.observed(
      { name: 'log_lines_dropped', help: 'Log lines lost since start because their reader was too slow.' },
      () => (log instanceof PinoLog ? log.dropped : 0),
    );
  }

  onApplicationShutdown(): void {
    if (this.log instanceof PinoLog) this.log.flush();
  }
}
