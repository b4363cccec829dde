import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { DatabaseConfig } from '../../src/platform/database/database.config.js';
import { DatabaseModule } from '../../src/platform/database/database.module.js';
import { Secret } from '../../src/platform/config/config.js';
import { ConfigModule } from '../../src/platform/config/config.module.js';
import { HttpConfig } from '../../src/platform/http/http.config.js';
import { ServerAdapter } from '../../src/platform/http/server.adapter.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { SystemClock } from '../../src/platform/time/system-clock.adapter.js';
import { prepareGateway } from '../../src/gateway/gateway-setup.adapter.js';
import { GatewayConfig } from '../../src/gateway/gateway.config.js';
import { gatewayEntities, GatewayModule } from '../../src/gateway/gateway.module.js';
import { SilentLog } from '../../src/kernel/log.js';
import { Metrics, type MetricDefinition } from '../../src/kernel/metrics.js';
import { Clock } from '../../src/kernel/time.js';
import { Client } from '../support/client.js';
import { freshDatabase, type FreshDatabase } from '../support/database.js';
import { FakePorts } from './fake-ports.js';

export const adminPassword = 'correct horse battery';

/** The machine's time, moved forward at will. */
export class MovableClock extends Clock {
  private readonly real = new SystemClock();
  private aheadMs = 0;
  private passedMs = 0;
  nowMs(): number {
    return this.real.nowMs() + this.aheadMs;
  }
  monotonicMs(): number {
    return this.real.monotonicMs() + this.passedMs;
  }
  /** Moves the date, as if somebody set the clock. */
  forward(ms: number): void {
    this.aheadMs += ms;
  }
  /** Lets time pass. */
  pass(ms: number): void {
    this.aheadMs += ms;
    this.passedMs += ms;
  }
}

/** Counts like Prometheus would, and can be read back. */
export class CountingMetrics extends Metrics {
  private readonly values = new Map<string, number>();
  private readonly reads = new Map<string, () => number | readonly { value: number }[]>();

  private family(definition: MetricDefinition) {
    const add = (labels: Record<string, string> | undefined, by: number): void => {
      const name = `${definition.name}${labels ? JSON.stringify(labels) : ''}`;
      this.values.set(name, (this.values.get(name) ?? 0) + by);
    };
    return {
      inc: (labels?: any, by = 1) => add(labels, by),
      set: () => undefined,
      observe: (_v: number, l?: any) => add(l, 1),
    };
  }
  counter(definition: MetricDefinition): any {
    return this.family(definition);
  }
  gauge(definition: MetricDefinition): any {
    return this.family(definition);
  }
  histogram(definition: MetricDefinition): any {
    return this.family(definition);
  }
  observed(definition: MetricDefinition, read: any): void {
    this.reads.set(definition.name, read);
  }
  /** Sum over the label sets of a family that carry all of `labels`. */
  sum(family: string, labels: Record<string, string> = {}): number {
    const read = this.reads.get(family);
    if (read) {
      const value = read();
      return typeof value === 'number' ? value : value.reduce((sum, item) => sum + item.value, 0);
    }
    let sum = 0;
    for (const [name, value] of this.values) {
      const matches = Object.entries(labels).every(([k, v]) => name.includes(`"${k}":"${v}"`));
      if ((name === family || name.startsWith(`${family}{`)) && matches) sum += value;
    }
    return sum;
  }
}

export interface GatewayProcess {
  readonly url: string;
  readonly client: Client;
  readonly app: NestFastifyApplication;
  readonly clock: MovableClock;
  readonly metrics: CountingMetrics;
  readonly fakes: FakePorts;
  readonly database: FreshDatabase;
  /** A client signed in as the administrator. */
  signedIn(): Promise<Client>;
  stop(): Promise<void>;
}

/** The gateway as it runs in the server, over fake ports and on a database of its own. `on` joins another gateway's. */
export async function startGateway(
  options: { config?: Partial<GatewayConfig>; on?: GatewayProcess; generated?: boolean } = {},
): Promise<GatewayProcess> {
  const database = options.on?.database ?? (await freshDatabase());
  const fakes = options.on?.fakes ?? new FakePorts();
  const clock = options.on?.clock ?? new MovableClock();
  const metrics = new CountingMetrics();
  const config = new GatewayConfig({
    adminPassword: options.generated ? undefined : new Secret(adminPassword),
    limitLogin: '1000/10',
    ...options.config,
  });
  const httpConfig = new HttpConfig({ port: 0 });

  @Global()
  @Module({ providers: [{ provide: Metrics, useValue: metrics }], exports: [Metrics] })
  class TestMetricsModule {}

  const testing = await Test.createTestingModule({
    imports: [
      DatabaseModule.with({ entities: gatewayEntities }),
      ConfigModule.of([config, httpConfig, new DatabaseConfig({ databaseUrl: database.url })]),
      TestMetricsModule,
      PlatformModule.of(new SilentLog()),
      GatewayModule.over([fakes.module()]),
    ],
  })
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  const app = testing.createNestApplication<NestFastifyApplication>(new ServerAdapter(httpConfig), {
    logger: false,
    bodyParser: false,
  });
  await prepareGateway(app);
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const client = new Client(url);
  return {
    url,
    client,
    app,
    clock,
    metrics,
    fakes,
    database,
    signedIn: async () => {
      const admin = new Client(url);
      const { status, body } = await admin.login('admin', adminPassword);
      if (status !== 200) throw new Error(`the administrator could not sign in: ${JSON.stringify(body)}`);
      return admin;
    },
    stop: async () => {
      await app.close();
      if (!options.on) await database.drop();
    },
  };
}
