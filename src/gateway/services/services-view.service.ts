import { Injectable } from '@nestjs/common';
import { Ids } from '../../kernel/ids.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import type { ServiceInstance } from '../contract/queries.js';
import { ProcessInfo } from '../http/process-info.js';

/** A health answer later than this is no health. */
const answersWithinMs = 1_000;

/** The services this gateway knows: today the modules of its own process. */
@Injectable()
export class ServicesView {
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

  /** As they are now. `host` and `port` are where this process was asked. */
  async list(asked: { host: string; port: number }): Promise<ServiceInstance[]> {
    const { host, port } = asked;
    const health = (await this.reachesDatabase()) ? 'up' : 'down';
    return this.info.roles.map((name) => ({
      name,
      instance: this.instance,
      address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      version: this.info.version,
      health,
      startedAt: toRfc3339(this.startedMs),
      uptimeSeconds: Math.floor((this.clock.monotonicMs() - this.startedMonotonicMs) / 1000),
    }));
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
