import { Controller, Get, Req } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { Ids } from '../../kernel/ids.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import { ServiceInstance } from '../contract/queries.js';
import { Describe } from '../openapi/describe.js';
import { ProcessInfo } from './process-info.js';
import type { SignedRequest } from './request.adapter.js';

/** A health answer later than this is no health. */
const answersWithinMs = 1_000;

/** The services this gateway knows: today the modules of its own process. */
@Controller('v1/services')
@RequireRole('viewer')
export class ServicesController {
  private readonly instance: string;
  private readonly startedMs: number;
  private readonly startedMonotonicMs: number;

  constructor(
    private readonly info: ProcessInfo,
    private readonly database: Database,
    private readonly clock: Clock,
    ids: Ids,
  ) {
    this.instance = ids.next();
    this.startedMs = clock.nowMs();
    this.startedMonotonicMs = clock.monotonicMs();
  }

  @Get()
  @Describe({ summary: 'Running services and their health', answers: { pageOf: ServiceInstance } })
  async list(@Req() request: SignedRequest): Promise<{ items: ServiceInstance[]; nextCursor: null }> {
    const health = (await this.reachesDatabase()) ? 'up' : 'down';
    const { localAddress = '', localPort = 0 } = request.socket;
    const items = this.info.roles.map((name) => ({
      name,
      instance: this.instance,
      address: `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`,
      version: this.info.version,
      health,
      startedAt: toRfc3339(this.startedMs),
      uptimeSeconds: Math.floor((this.clock.monotonicMs() - this.startedMonotonicMs) / 1000),
    }));
    return { items, nextCursor: null };
  }

  private async reachesDatabase(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), answersWithinMs);
    });
    const asked = this.database.query('SELECT 1', [], 'gateway-health').then(
      () => true,
      () => false,
    );
    const answer = await Promise.race([asked, late]);
    clearTimeout(timer);
    return answer;
  }
}
