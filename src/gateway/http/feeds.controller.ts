import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { Feed, Feeds } from '../../data/contract/feeds.js';
import { Describe } from '../openapi/describe.js';
import type { SignedRequest } from './request.adapter.js';

/** Where market data comes from. */
@Controller('v1/feeds')
@RequireRole('viewer')
export class FeedsController {
  constructor(private readonly feeds: Feeds) {}

  @Get()
  @Describe({ summary: 'Feeds: state, lag, messages, last error', answers: { pageOf: Feed } })
  async list(): Promise<{ items: Feed[]; nextCursor: null }> {
    return { items: await this.feeds.list({}), nextCursor: null };
  }

  @Post(':id/start')
  @RequireRole('operator')
  @HttpCode(200)
  @Describe({ summary: 'Start a feed', answers: Feed, problems: ['DATA_FEED_UNKNOWN'] })
  start(@Param('id') id: string, @Req() { principal }: SignedRequest): Promise<Feed> {
    return this.feeds.start({ principal, id });
  }

  @Post(':id/stop')
  @RequireRole('operator')
  @HttpCode(200)
  @Describe({ summary: 'Stop a feed', answers: Feed, problems: ['DATA_FEED_UNKNOWN'] })
  stop(@Param('id') id: string, @Req() { principal }: SignedRequest): Promise<Feed> {
    return this.feeds.stop({ principal, id });
  }
}
