import type { ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Problem, problem } from '../../kernel/errors.js';
import { Log } from '../../kernel/log.js';
import { problemOf, terminusBodyOf } from './problem-of.js';
import { pathOf, problemDocument, problemType, sendProblem } from './send-problem.adapter.js';
import { ServerAdapter } from './server.adapter.js';

/** Whatever is thrown on the way of a request leaves as one problem document; faults of ours are logged with their stack. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly log: Log;

  constructor(
    private readonly host: HttpAdapterHost,
    log: Log,
  ) {
    this.log = log.of('http');
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply | ServerResponse>();
    // Middleware fails before Fastify made its reply.
    if (!('raw' in reply)) {
      this.answerRaw(error, request, reply);
      return;
    }
    if (reply.sent || reply.raw.headersSent) {
      this.sayFault(error, request, 'failed after its answer had begun');
      if (!reply.raw.writableEnded) reply.raw.destroy();
      return;
    }
    const terminus = terminusBodyOf(error);
    if (terminus) {
      reply.code(503).header('content-type', 'application/json').send(JSON.stringify(terminus));
      return;
    }
    const { problem: said, fault } = problemOf(error);
    if (fault && !request.raw.destroyed) this.sayFault(error, request, 'a request met a fault');
    const final = said.code === 'REQUEST_NOT_FOUND' && request.is404 ? this.noRoute(request, reply) : said;
    this.server?.watch?.problem(final.code);
    sendProblem(request, reply, final);
  }

  private get server(): ServerAdapter | null {
    const adapter: unknown = this.host.httpAdapter;
    return adapter instanceof ServerAdapter ? adapter : null;
  }

  /** No route took it: the path is unknown, or known with other methods. */
  private noRoute(request: FastifyRequest, reply: FastifyReply): Problem {
    const path = pathOf(request.url);
    const methods = this.server?.routes.methodsOf(path) ?? [];
    if (methods.length === 0) {
      return problem('REQUEST_NOT_FOUND', {
        detail: `there is no ${request.method} ${path}; every route is listed at /docs`,
      });
    }
    reply.header('allow', methods.join(', '));
    return problem('REQUEST_METHOD_NOT_ALLOWED', {
      detail: `${path} does not know ${request.method}; it knows ${methods.join(', ')}`,
    });
  }

  private answerRaw(error: unknown, request: FastifyRequest, response: ServerResponse): void {
    const { problem: said, fault } = problemOf(error);
    if (fault) this.sayFault(error, request, 'middleware met a fault');
    this.server?.watch?.problem(said.code);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.statusCode = said.status;
    response.setHeader('content-type', problemType);
    response.end(JSON.stringify(problemDocument(said, request.url, request.id)));
  }

  private sayFault(error: unknown, request: FastifyRequest, sentence: string): void {
    const facts = { requestId: request.id, method: request.method, path: pathOf(request.url ?? ''), error };
    this.log.error(facts, sentence);
  }
}
