import { randomBytes } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem, problem } from '../../kernel/errors.js';
import type { Principal } from '../../kernel/principal.js';
import type { HttpConfig } from './http.config.js';
import { problemDocument, problemType, sendProblem } from './send-problem.adapter.js';
import { problemOf } from './problem-of.js';
import { requestIdHeader, requestIds } from './request-id.js';
import { RouteTable } from './route-table.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set by the identity guard, null before it and on public routes. */
    principal: Principal | null;
  }
}

/** Is told of every finished request; set once at start. Lies on the hot path. */
export interface RequestWatch {
  finished(request: FastifyRequest, reply: FastifyReply, route: string): void;
  problem(code: string): void;
  /** Bytes came that were no HTTP. */
  malformed(reason: string): void;
}

/** Longest time shutdown waits for requests at work before their connections are cut. */
const finishMsMax = 2_000;
/** A part of a path; ids, instruments and model names are far shorter. */
const paramLengthMax = 200;
const noRoute = '(none)';
const probes = /^\/(livez|readyz|startupz|health|metrics)(\?|$)/;

/**
 * Fastify under Nest with limits that are set: body, header and request times, idle connections, path parts.
 * Gives every request an id, echoes it, and on close refuses new requests, lets those at work finish,
 * and then lets no idle connection hold the shutdown.
 */
export class ServerAdapter extends FastifyAdapter {
  readonly routes = new RouteTable();
  watch: RequestWatch | null = null;
  inFlight = 0;
  private draining = false;
  private reaper: NodeJS.Timeout | undefined;
  private readonly gone = (): void => {
    this.inFlight -= 1;
  };

  constructor(config: HttpConfig) {
    const idOf = requestIds(randomBytes(5).toString('hex'));
    const self: { adapter?: ServerAdapter } = {};
    super({
      bodyLimit: config.bodyBytesMax,
      requestTimeout: config.requestSeconds * 1000,
      connectionTimeout: config.idleSeconds * 1000,
      keepAliveTimeout: config.keepAliveSeconds * 1000,
      http: { headersTimeout: Math.min(15, config.requestSeconds) * 1000 },
      routerOptions: { maxParamLength: paramLengthMax },
      trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
      genReqId: (request: IncomingMessage) => idOf(request.headers[requestIdHeader]),
      // A 503 of our own answers instead, in the one shape that errors have.
      return503OnClosing: false,
      frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
        const said = problemOf(error).problem;
        self.adapter?.watch?.problem(said.code);
        sendProblem(request, reply, said);
      },
      clientErrorHandler: (error, socket) => self.adapter?.refuseBytes(error, socket),
    });
    self.adapter = this;
    this.prepare();
  }

  private prepare(): void {
    const fastify = this.getInstance();
    fastify.decorateRequest('principal', null);
    fastify.removeContentTypeParser('text/plain');
    const parseJson = fastify.getDefaultJsonParser('error', 'error');
    // Many clients name the type on requests without a body; an empty one is no body, and the contract judges that.
    fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body.length === 0) done(null, undefined);
      else void parseJson(request, body as string, done);
    });

    fastify.addHook('onRequest', (request, reply, done) => {
      this.inFlight += 1;
      // Comes after every answer, and also when the caller went away before it: then there is no onResponse.
      reply.raw.on('close', this.gone);
      reply.header(requestIdHeader, request.id);
      if (this.draining && !probes.test(request.url)) {
        reply.header('connection', 'close');
        sendProblem(request, reply, shuttingDown());
        return;
      }
      done();
    });
    // Each route tells its own pattern: reading it from the request costs more than the whole hook.
    fastify.addHook('onRoute', (route) => {
      const pattern = route.url;
      for (const method of [route.method].flat()) this.routes.add(method, pattern);
      const finished = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
        this.watch?.finished(request, reply, pattern);
        done();
      };
      route.onResponse = [finished, ...[route.onResponse ?? []].flat()];
    });
    fastify.addHook('onResponse', (request, reply, done) => {
      if (request.is404) this.watch?.finished(request, reply, noRoute);
      done();
    });
    // A connection that was busy when closing began becomes idle later and would linger for its keep-alive time.
    fastify.addHook('preClose', (done) => {
      const { server } = fastify;
      const cutAt = this.inFlight > 0 ? 5 : 1;
      let turns = 0;
      this.reaper = setInterval(() => {
        turns += 1;
        if (turns >= cutAt) server.closeAllConnections();
        else server.closeIdleConnections();
      }, 100);
      done();
    });
    fastify.addHook('onClose', (_instance, done) => {
      clearInterval(this.reaper);
      done();
    });
  }

  /** Bodies are read by the parsers of `prepare`; the framework's own would also take forms. */
  override registerParserMiddleware(): void {}

  /** Refuses new requests, probes aside, and resolves when those at work are done or their time is over. */
  override async beforeClose(): Promise<void> {
    super.beforeClose();
    this.draining = true;
    const untilMs = performance.now() + finishMsMax;
    while (this.inFlight > 0 && performance.now() < untilMs) {
      await new Promise((resume) => setTimeout(resume, 10));
    }
  }

  /** Answers what is no HTTP, where there is neither request nor reply; the connection is of no further use. */
  private refuseBytes(error: Error & { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const said = malformed(error.code);
    this.watch?.malformed(error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timeout' : 'unreadable');
    if (socket.writable) {
      const body = JSON.stringify(problemDocument(said, undefined, undefined));
      socket.write(
        `HTTP/1.1 ${said.status} ${STATUS_CODES[said.status]}\r\ncontent-type: ${problemType}\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    }
    socket.destroySoon();
  }
}

function shuttingDown(): Problem {
  return problem('SERVER_UNAVAILABLE', {
    detail: 'the server is shutting down; send the request to another instance, or again in a moment',
    retryAfterSeconds: 2,
  });
}

function malformed(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return problem('REQUEST_TIMEOUT', { detail: 'the request did not arrive in time' });
  }
  const detail =
    code === 'HPE_HEADER_OVERFLOW'
      ? 'the headers are larger than 16 KiB'
      : 'what arrived is not readable HTTP/1.1';
  return problem('REQUEST_MALFORMED', { detail });
}
