import { Controller, Post, Req } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { toRfc3339 } from '../../kernel/time.js';
import { StreamTicket } from '../contract/identity.js';
import { Describe } from '../openapi/describe.js';
import { StreamTickets } from '../stream/stream-tickets.service.js';
import type { SignedRequest } from './request.adapter.js';

@Controller('v1/stream')
@RequireRole('viewer')
export class StreamController {
  constructor(private readonly tickets: StreamTickets) {}

  @Post('tickets')
  @Describe({
    summary: 'A one-time ticket for the WebSocket at /v1/stream',
    more: 'For 30 seconds; send it as `{op:"auth", ticket}` instead of the token.',
    answers: StreamTicket,
  })
  async ticket(@Req() { principal, sessionId, tokenExpiresMs }: SignedRequest): Promise<StreamTicket> {
    const { ticket, expiresMs } = await this.tickets.issue({
      userId: principal.userId,
      sessionId,
      expiresMs: tokenExpiresMs,
    });
    return { ticket, expiresAt: toRfc3339(expiresMs) };
  }
}
