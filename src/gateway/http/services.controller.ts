import { Controller, Get, Req } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { ServiceInstance } from '../contract/queries.js';
import { Describe } from '../openapi/describe.js';
import { ServicesView } from '../services/services-view.service.js';
import type { SignedRequest } from './request.adapter.js';

/** The services this gateway knows. */
@Controller('v1/services')
@RequireRole('viewer')
export class ServicesController {
  constructor(private readonly services: ServicesView) {}

  @Get()
  @Describe({ summary: 'Running services and their health', answers: { pageOf: ServiceInstance } })
  async list(@Req() { socket }: SignedRequest): Promise<{ items: ServiceInstance[]; nextCursor: null }> {
    const { localAddress: host = '', localPort: port = 0 } = socket;
    return { items: await this.services.list({ host, port }), nextCursor: null };
  }
}
