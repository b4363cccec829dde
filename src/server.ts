import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppConfig, splitConfigs } from './app.config.js';
import { AppModule, portsOf, relayed } from './app.module.js';
import type { Banner } from './banner.js';
import { DataConfig } from './data/data.config.js';
import { Feeds } from './data/contract/feeds.js';
import { Directory } from './gateway/identity/directory.service.js';
import { FirstSignIn, type FirstSignInResult } from './gateway/identity/first-sign-in.service.js';
import { GatewayConfig } from './gateway/gateway.config.js';
import { prepareGateway } from './gateway/gateway-setup.adapter.js';
import { EventBus } from './kernel/events.js';
import { Health } from './kernel/health.js';
import type { Log } from './kernel/log.js';
import { Metrics } from './kernel/metrics.js';
import { Random } from './kernel/random.js';
import { Clock } from './kernel/time.js';
import { type Environment, readConfigs } from './platform/config/config.js';
import { documentedSettings, misspellings } from './platform/config/documented.js';
import { DatabaseConfig } from './platform/database/database.config.js';
import { OpenDatabase } from './platform/database/open-database.adapter.js';
import { EventRelay } from './platform/events/event-relay.adapter.js';
import { EventRelayReader } from './platform/events/event-relay-reader.adapter.js';
import { listenFault, requireFreePort } from './platform/http/free-port.adapter.js';
import { HttpConfig } from './platform/http/http.config.js';
import { ServerAdapter } from './platform/http/server.adapter.js';
import { LogConfig } from './platform/logging/logging.config.js';
import { NestLogger } from './platform/logging/nest-logger.adapter.js';
import { createLog } from './platform/logging/pino-log.adapter.js';
import { PortServer } from './platform/rpc/port-server.adapter.js';
import { RpcConfig } from './platform/rpc/rpc.config.js';
import { parseStaticServices } from './platform/rpc/static-services.js';
import { AccountsService } from './trading/accounts/accounts.service.js';
import { TradingConfig } from './trading/trading.config.js';

/** Every config class; .env.example and README's table are checked against it. */
export const configClasses = [
  AppConfig,
  HttpConfig,
  DatabaseConfig,
  LogConfig,
  RpcConfig,
  DataConfig,
  TradingConfig,
  GatewayConfig,
  ...splitConfigs,
] as const;

const settingNames = documentedSettings(configClasses).map(({ variable }) => variable);

export interface RunningServer {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly log: Log;
  readonly banner: Banner;
  /** Drains, finishes what is at work, closes the database last. */
  stop(): Promise<void>;
}

/**
 * Reads the configuration, brings everything up in order and opens the doors last.
 * Throws ConfigFault or BootFault with what a person has to put right; nothing runs on then.
 */
export async function startServer(
  environment: Environment,
  options: { log?: Log } = {},
): Promise<RunningServer> {
  const startedMs = performance.now();
  const configs = readConfigs(configClasses, environment);
  const [{ roles }, http, database, logging, rpc] = configs;
  const log = options.log ?? createLog(logging);
  for (const { found, meant } of misspellings(settingNames, environment)) {
    log.warn({ found, meant }, `${found} is no setting of this server; was ${meant} meant?`);
  }
  await requireFreePort(http);
  const adapter = new ServerAdapter(http);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with({ configs, log, roles }),
    adapter,
    // The adapter brings its own body parsers.
    { logger: new NestLogger(log), abortOnError: false, forceCloseConnections: true, bodyParser: false },
  );
  let first: FirstSignInResult | null = null;
  let events: { close(): void } | null = null;
  try {
    if (roles.includes('gateway')) await prepareGateway(app);
    if (rpc.serviceToken) {
      servePorts(app, rpc, roles, log);
      events = relayEvents(app, rpc, roles, log);
    }
    await app.init();
    first = roles.includes('gateway') ? await firstStart(app, roles) : null;
    await app.listen({ port: http.port, host: http.host }).catch((error: unknown) => {
      throw listenFault(error, http);
    });
  } catch (error) {
    events?.close();
    await app.close();
    throw error;
  }
  app.get(Health).started();
  const url = await addressOf(app, http.host);
  const banner = await bannerOf(app, {
    url,
    database,
    roles,
    first,
    readySeconds: (performance.now() - startedMs) / 1000,
  });
  log.info({ url, roles, readySeconds: Number(banner.readySeconds.toFixed(2)) }, 'the server is ready');
  return { url, app, log, banner, stop: () => stopServer(app, events, http.drainSeconds) };
}

async function stopServer(
  app: NestFastifyApplication,
  events: { close(): void } | null,
  drainSeconds: number,
): Promise<void> {
  app.get(Health).drain();
  await new Promise((resume) => setTimeout(resume, drainSeconds * 1000));
  events?.close();
  await app.close();
}

function servePorts(app: NestFastifyApplication, rpc: RpcConfig, roles: readonly string[], log: Log): void {
  const server = new PortServer(rpc.serviceToken!, log, app.get(Metrics));
  for (const [part, ports] of Object.entries(portsOf)) {
    if (!roles.includes(part)) continue;
    for (const port of ports) server.serve(port, app.get(port as never, { strict: false }));
  }
  server.attach(app.getHttpAdapter().getInstance() as never);
}

/** Whoever holds data, ml and trading tells what is published there; a gateway without them listens. */
function relayEvents(
  app: NestFastifyApplication,
  { serviceToken, staticServices }: RpcConfig,
  roles: readonly string[],
  log: Log,
): { close(): void } {
  const [bus, metrics] = [app.get(EventBus), app.get(Metrics)];
  if (Object.keys(portsOf).every((part) => roles.includes(part))) {
    const relay = new EventRelay(serviceToken!, bus, relayed, metrics, log);
    relay.attach(app.getHttpAdapter().getInstance() as never);
    return relay;
  }
  const urls = [...(parseStaticServices(staticServices)?.values() ?? [])].flat();
  const reader = new EventRelayReader(
    urls,
    { token: serviceToken!, types: relayed.types },
    { bus, metrics, log, clock: app.get(Clock), random: app.get(Random) },
  );
  reader.start();
  return reader;
}

/** Who may sign in; and at the very first start, a paper account to try things on. */
async function firstStart(app: NestFastifyApplication, roles: readonly string[]): Promise<FirstSignInResult> {
  const first = app.get(FirstSignIn, { strict: false }).take();
  const owner = app
    .get(Directory, { strict: false })
    .all()
    .find(({ username }) => username === first.username);
  if (first.source !== 'chosen before' && owner && roles.includes('trading')) {
    await app.get(AccountsService, { strict: false }).ensureDemoAccount({ owner: owner.id });
  }
  return first;
}

async function addressOf(app: NestFastifyApplication, host: string): Promise<string> {
  const { port } = app.getHttpServer().address() as { port: number };
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}

async function bannerOf(
  app: NestFastifyApplication,
  facts: {
    url: string;
    database: DatabaseConfig;
    roles: readonly string[];
    first: FirstSignInResult | null;
    readySeconds: number;
  },
): Promise<Banner> {
  const feeds = facts.roles.includes('data') ? await app.get(Feeds, { strict: false }).list({}) : [];
  return {
    url: facts.url,
    first: facts.first,
    simulated: feeds.filter(({ id }) => id === 'sim').flatMap(({ instruments }) => instruments),
    accountName: facts.roles.includes('trading') ? 'paper' : null,
    dataDir: facts.database.dataDir,
    embedded: app.get(OpenDatabase).embedded !== null,
    readySeconds: facts.readySeconds,
  };
}
