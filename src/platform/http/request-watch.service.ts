import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type LineValue, Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { type HttpMetrics, httpMetrics } from './http.metrics.js';
import { type RequestWatch, ServerAdapter } from './server.adapter.js';

/** Asked every few seconds by machines; one line each would bury the rest. */
const quietRoutes = new Set(['/livez', '/readyz', '/startupz', '/health', '/metrics']);
/** Status codes are few; their texts are made once. */
const statusTexts: string[] = [];

/** One log line and one observation per finished request. On the hot path: no promise, no lookup by name but the metric's own. */
@Injectable()
export class RequestWatchService implements RequestWatch {
  private readonly log: Log;
  private readonly line: (values: readonly LineValue[]) => void;
  private readonly metrics: HttpMetrics;

  constructor(host: HttpAdapterHost, log: Log, metrics: Metrics) {
    this.log = log.of('http');
    this.line = this.log.lines('request', ['method', 'route', 'status', 'ms', 'requestId', 'userId']);
    const adapter: unknown = host.httpAdapter;
    const server = adapter instanceof ServerAdapter ? adapter : null;
    this.metrics = httpMetrics(metrics, () => server?.inFlight ?? 0);
    if (server) server.watch = this;
  }

  finished(request: FastifyRequest, reply: FastifyReply, route: string): void {
    const status = reply.statusCode;
    const { method } = request;
    const ms = reply.elapsedTime;
    this.metrics.seconds.observe(ms / 1000, {
      method,
      route,
      status: (statusTexts[status] ??= String(status)),
    });
    const roundedMs = Math.round(ms * 100) / 100;
    const userId = request.principal?.userId;
    if (!quietRoutes.has(route)) this.line([method, route, status, roundedMs, request.id, userId]);
    else this.log.debug({ method, route, status, ms: roundedMs, requestId: request.id, userId }, 'request');
  }

  problem(code: string): void {
    this.metrics.problems.inc({ code });
  }

  malformed(reason: string): void {
    this.metrics.malformed.inc({ reason });
  }
}
