import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../../kernel/errors.js';
import type { DomainEvent, EventBus, Subscription } from '../../kernel/events.js';
import type { Log } from '../../kernel/log.js';
import type { Metrics } from '../../kernel/metrics.js';
import type { Secret } from '../config/secret.js';
import { sendProblem } from '../http/send-problem.adapter.js';
import { servicesOnly } from '../rpc/services-only.adapter.js';
import { eventLine, heartbeatLine, heartbeatMs, relayPath, type Relayed } from './event-relay.js';
import { type RelayMetrics, relayMetrics } from './events.metrics.js';

/** Unsent bytes past which a reader is cut; some ten thousand events. */
const unsentBytesMax = 8 * 1024 * 1024;
const readersMax = 32;

/**
 * Tells other processes of the deployment what is published here. At most once: who is not connected hears nothing, and
 * a reader that is too slow is cut, never waited for. Readers repair what they missed through the ports.
 */
export class EventRelay {
  private readonly readers = new Set<ServerResponse>();
  private readonly subscriptions: Subscription[];
  private readonly metrics: RelayMetrics;
  private readonly log: Log;
  private readonly beat: NodeJS.Timeout;
  private closed = false;

  constructor(
    private readonly token: Secret,
    bus: EventBus,
    private readonly relayed: Relayed,
    metrics: Metrics,
    log: Log,
    private readonly bytesMax = unsentBytesMax,
  ) {
    this.log = log.of('events.relay');
    this.metrics = relayMetrics(metrics, () => this.readers.size);
    this.subscriptions = relayed.types.map((type) =>
      bus.subscribe(type, 'events.relay', (event) => this.tell(event)),
    );
    this.beat = setInterval(() => this.write(heartbeatLine), heartbeatMs).unref();
  }

  /** Adds the route; call it before the server listens. */
  attach(fastify: FastifyInstance): void {
    fastify.route({
      method: 'GET',
      url: relayPath,
      onRequest: servicesOnly(this.token),
      handler: (request, reply) => this.open(request, reply),
    });
  }

  /** Ends every reading, so that none holds up the end of the process. */
  close(): void {
    this.closed = true;
    clearInterval(this.beat);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    for (const reader of this.readers) reader.end();
  }

  private open(request: FastifyRequest, reply: FastifyReply): void {
    if (this.closed || this.readers.size >= readersMax) {
      const detail = this.closed
        ? 'this process stops'
        : `at most ${readersMax} processes read the events here`;
      sendProblem(request, reply, problem('SERVER_UNAVAILABLE', { detail, retryAfterSeconds: 1 }));
      return;
    }
    reply.hijack();
    const reader = reply.raw;
    // Heard from before the answer begins: whoever sees it begin can rely on hearing all that comes after.
    this.readers.add(reader);
    reader.on('close', () => this.readers.delete(reader));
    reader.on('error', () => reader.destroy());
    reader.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    reader.write(heartbeatLine);
    this.log.info({ from: request.ip }, 'another process reads the events of this one');
  }

  private tell(event: DomainEvent): void {
    if (this.readers.size === 0 || !this.relayed.crosses(event)) return;
    this.metrics.sent.inc({ type: event.type }, this.readers.size);
    this.write(eventLine(event));
  }

  private write(line: string): void {
    for (const reader of this.readers) {
      if (reader.writableLength <= this.bytesMax) {
        reader.write(line);
        continue;
      }
      this.readers.delete(reader);
      this.metrics.cut.inc();
      this.log.warn(
        { bytesMax: this.bytesMax },
        'a reader of events was too slow and is cut; it may come again',
      );
      reader.destroy();
    }
  }
}
