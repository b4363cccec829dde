import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import { Public } from '../kernel/access.js';
import { toOpenMetrics } from './open-metrics.js';

/** What Prometheus scrapes. Answers the reply itself, so that no interceptor wraps the text. */
@Public()
@Controller()
export class MetricsController {
  constructor(private readonly registry: Registry) {}

  @Get()
  async scrape(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const text = await this.registry.metrics();
    const open = request.headers.accept?.includes('application/openmetrics-text') === true;
    await reply
      .header('cache-control', 'no-store')
      .header('content-type', open ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE)
      .send(open ? toOpenMetrics(text) : text);
  }
}
