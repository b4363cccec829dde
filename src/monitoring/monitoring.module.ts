import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { Registry } from 'prom-client';
import { Health } from '../kernel/health.js';
import { Metrics } from '../kernel/metrics.js';
import { eventLoopMetrics } from './event-loop.metrics.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { MetricsController } from './metrics.controller.js';
import { PrometheusMetrics } from './prometheus-metrics.adapter.js';

/** Watches and is asked; knows no business. Gives Metrics and Health to everybody and serves /metrics and the probes. */
@Global()
@Module({})
export class MonitoringModule {
  /** Each call has a registry of its own, so that several servers can live in one process. */
  static create(): DynamicModule {
    const registry = new Registry();
    const metrics = new PrometheusMetrics(registry);
    eventLoopMetrics(metrics);
    return {
      module: MonitoringModule,
      imports: [
        TerminusModule.forRoot({ logger: false }),
        PrometheusModule.register({
          controller: MetricsController,
          path: '/metrics',
          defaultMetrics: { enabled: true, config: { register: registry } },
        }),
      ],
      controllers: [HealthController],
      providers: [
        { provide: Registry, useValue: registry },
        { provide: Metrics, useValue: metrics },
        HealthService,
        { provide: Health, useExisting: HealthService },
      ],
      exports: [Registry, Metrics, Health],
    };
  }
}
