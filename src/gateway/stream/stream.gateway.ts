import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { WebSocketServer, type RawData } from 'ws';
import type { Problem } from '../../kernel/errors.js';
import { Log } from '../../kernel/log.js';
import { Clock } from '../../kernel/time.js';
import { Limits } from '../access/limits.service.js';
import { gatewayProblem } from '../contract/errors.js';
import { GatewayConfig } from '../gateway.config.js';
import { GatewayMetrics } from '../gateway.metrics.js';
import { callerAddress } from '../access/caller-address.js';
import { AccountFeeds } from './account-feeds.service.js';
import { MarketTopics } from './market-topics.service.js';
import { closeCodes } from './messages.js';
import { originAllowed } from './origin.js';
import { heartbeatAt, StreamClient, type ClientParts } from './stream-client.adapter.js';
import { StreamSignIn } from './stream-sign-in.service.js';
import { StreamTalk } from './stream-talk.service.js';
import { WatchTopics } from './watch-topics.service.js';
import { WriteTurn } from './write-turn.adapter.js';

const path = '/v1/stream';
const messageBytesMax = 65_536;
const tickMs = 200;
/** Between "draining" and the close: time for clients to learn where to go. */
const drainMs = 250;

/** The WebSocket door: who may open it, who is inside, and the clock that keeps them alive. */
@Injectable()
export class StreamGateway implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly clients = new Set<StreamClient>();
  private readonly door = new WebSocketServer({
    noServer: true,
    // Frames are made once and written as they are; compression would have each client compress its own.
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: messageBytesMax,
  });
  private readonly parts: ClientParts;
  private timer: NodeJS.Timeout | null = null;
  private draining = false;
  private readonly log: Log;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly talk: StreamTalk,
    private readonly signIn: StreamSignIn,
    private readonly limits: Limits,
    private readonly config: GatewayConfig,
    private readonly clock: Clock,
    metrics: GatewayMetrics,
    market: MarketTopics,
    watch: WatchTopics,
    accounts: AccountFeeds,
    log: Log,
  ) {
    this.log = log.of('gateway.stream');
    const perSecond = config.streamMessagesPerSecond;
    this.parts = {
      clock,
      metrics,
      turn: new WriteTurn(),
      messages: { name: 'stream', quota: perSecond * 4, windowMs: 4_000 },
      bufferBytesMax: config.streamBufferBytesMax,
    };
    metrics.stream({
      clients: () => this.clients.size,
      subscriptions: () => [...this.clients].reduce((sum, client) => sum + client.heard.size, 0),
      topics: () => market.topics.size + watch.topics.size + accounts.size,
      unsentBytes: () => [...this.clients].reduce((sum, client) => sum + client.unsentBytes, 0),
    });
  }

  onApplicationBootstrap(): void {
    const server: Server = this.host.httpAdapter.getHttpServer();
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    this.timer = setInterval(() => {
      const heartbeat = heartbeatAt(this.clock.nowMs());
      for (const client of this.clients) {
        client.tick(heartbeat);
        this.signIn.recheck(client);
      }
    }, tickMs).unref();
  }

  /** Tells everybody, then closes every connection, so that none holds up the end. */
  async beforeApplicationShutdown(): Promise<void> {
    this.draining = true;
    if (this.timer) clearInterval(this.timer);
    if (this.clients.size === 0) return;
    for (const client of this.clients) client.say({ op: 'draining' });
    await new Promise((resolve) => setTimeout(resolve, drainMs));
    for (const client of this.clients) client.close(closeCodes.restarting, 'the server stops', 'restarting');
    await new Promise((resolve) => setTimeout(resolve, drainMs));
    for (const client of this.clients) client.terminate();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const refusal = this.refusalOf(request);
    if (refusal) {
      refuse(socket, refusal);
      return;
    }
    this.door.handleUpgrade(request, socket, head, (webSocket) => {
      const client = new StreamClient(webSocket, socket, this.parts);
      this.clients.add(client);
      webSocket.on('message', (data: RawData, isBinary: boolean) => {
        if (!client.mayTalk()) {
          client.close(closeCodes.tooManyMessages, 'too many messages', 'too-many-messages');
          return;
        }
        this.talk.answer(client, isBinary ? null : data.toString()).catch((error: unknown) => {
          this.log.error({ error: (error as Error).stack }, 'a stream message met a fault');
          client.close(1011, 'something broke on our side', 'fault');
        });
      });
      webSocket.on('close', () => {
        this.clients.delete(client);
        this.talk.forget(client);
      });
      webSocket.on('error', () => client.terminate());
    });
  }

  private refusalOf(request: IncomingMessage): Problem | null {
    if ((request.url ?? '').split('?')[0] !== path) {
      return gatewayProblem('STREAM_CHANNEL_UNKNOWN', { detail: `the stream is at ${path}` });
    }
    const { origin, host } = request.headers;
    if (!originAllowed(origin, host, this.config.corsOrigins)) {
      return gatewayProblem('STREAM_ORIGIN_REFUSED', {
        detail: `pages of ${String(origin).slice(0, 100)} may not open the stream; the operator can add them to CORS_ORIGINS`,
      });
    }
    if (this.draining || this.clients.size >= this.config.streamClientsMax) {
      return gatewayProblem('STREAM_FULL', {
        detail: 'no more stream clients now; try again',
        retryAfterSeconds: 2,
      });
    }
    const decision = this.limits.take('address', callerAddress(request.socket.remoteAddress ?? ''));
    return decision.allowed ? null : this.limits.refusal('address', decision);
  }
}

/** Before the upgrade it is still HTTP, so a refusal is a problem document. */
function refuse(socket: Duplex, problem: Problem): void {
  const body = JSON.stringify({ ...problem.toDocument(), instance: path });
  const { retryAfterSeconds } = problem.content;
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n` +
      `${retryAfterSeconds === undefined ? '' : `retry-after: ${retryAfterSeconds}\r\n`}\r\n${body}`,
  );
}
