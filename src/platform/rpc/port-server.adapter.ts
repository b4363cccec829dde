import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { problem } from '../../kernel/errors.js';
import { invariant } from '../../kernel/invariant.js';
import type { Log } from '../../kernel/log.js';
import type { Histogram, Metrics } from '../../kernel/metrics.js';
import type { PortClass } from '../../kernel/port.js';
import type { Secret } from '../config/secret.js';
import { problemOf } from '../http/problem-of.js';
import { problemType, sendProblem } from '../http/send-problem.adapter.js';
import { servedSeconds } from './rpc.metrics.js';
import { servicesOnly } from './services-only.adapter.js';
import { rpcRoute, toWire } from './wire.js';

/** Larger than a body from outside may be: batches of ticks and pages of candles come this way. */
const bodyBytesMax = 64 * 1024 * 1024;

type Method = (argument: unknown) => Promise<unknown>;

/**
 * Lets other processes of the deployment call the ports of this one: one route, closed to whoever lacks the
 * service token. Only methods that a served port declares can be called.
 */
export class PortServer {
  private readonly methods = new Map<string, Method>();
  private readonly door: onRequestHookHandler;
  private readonly seconds: Histogram<'port' | 'method' | 'outcome'>;
  private readonly log: Log;

  constructor(token: Secret, log: Log, metrics: Metrics) {
    this.door = servicesOnly(token);
    this.log = log.of('rpc');
    this.seconds = servedSeconds(metrics);
  }

  /** `local` answers for the port from now on. */
  serve<Port extends object>(port: PortClass<Port>, local: Port): this {
    for (const name of Object.keys(port.port.methods)) {
      const method = (local as Record<string, unknown>)[name];
      invariant(typeof method === 'function', 'a port has every method it declares', {
        port: port.port.name,
        name,
      });
      this.methods.set(`${port.port.name}/${name}`, (argument) => (method as Method).call(local, argument));
    }
    return this;
  }

  /** Adds the route; call it before the server listens. */
  attach(fastify: FastifyInstance): void {
    fastify.route({
      method: 'POST',
      url: rpcRoute,
      bodyLimit: bodyBytesMax,
      onRequest: this.door,
      errorHandler: (error, request, reply) => sendProblem(request, reply, problemOf(error).problem),
      handler: (request, reply) => this.answer(request, reply),
    });
  }

  private async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { port, method } = request.params as { port: string; method: string };
    const call = this.methods.get(`${port}/${method}`);
    if (call === undefined) {
      const detail = `this process serves no ${method} of ${port}; are both of the same version and roles?`;
      sendProblem(request, reply, problem('REQUEST_NOT_FOUND', { detail }));
      return reply;
    }
    const startMs = performance.now();
    let outcome = 'ok';
    try {
      const result = await call(request.body ?? undefined);
      if (result === undefined) return reply.code(204).send();
      return reply.code(200).header('content-type', 'application/json').send(JSON.stringify(result));
    } catch (error) {
      const { problem: said, fault } = problemOf(error);
      if (fault) this.log.error({ port, method, requestId: request.id, error }, 'a port met a fault');
      outcome = said.code;
      return reply
        .code(said.status)
        .header('content-type', problemType)
        .send(JSON.stringify(toWire(said)));
    } finally {
      this.seconds.observe((performance.now() - startMs) / 1000, { port, method, outcome });
    }
  }
}
