import { Controller, Get, Header, HttpCode, Query } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { Public } from '../kernel/access.js';
import { problem } from '../kernel/errors.js';
import { HealthService } from './health.service.js';

type Details = HealthCheckResult['details'];

/** Probes for orchestrators and balancers. */
@Public()
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly runner: HealthCheckService,
  ) {}

  /** The process turns; asks nothing else, so that a sick database never gets the process killed. */
  @Get('livez')
  @Header('cache-control', 'no-store')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** It has come up. */
  @Get('startupz')
  @Header('cache-control', 'no-store')
  startup(): { status: string } {
    if (this.health.stage === 'starting') {
      throw problem('SERVER_UNAVAILABLE', { detail: 'the process is still starting', retryAfterSeconds: 1 });
    }
    return { status: 'ok' };
  }

  /** It may be given requests. With `?verbose` each check is told, with its time in ms. */
  @Get('readyz')
  @Header('cache-control', 'no-store')
  async ready(@Query('verbose') verbose?: string): Promise<{ status: string; checks?: object }> {
    const details = await this.details();
    const down = Object.entries(details).filter(([, { status }]) => status === 'down');
    const checks = verbose === undefined ? {} : { checks: details };
    if (down.length === 0) return { status: 'ok', ...checks };
    throw problem('SERVER_UNAVAILABLE', {
      detail: `not ready: ${down.map(([name]) => name).join(', ')}`,
      retryAfterSeconds: 1,
      facts: checks,
    });
  }

  /** The same in the shape of the health library. */
  @Get('health')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  check(): Promise<HealthCheckResult> {
    return this.runner.check(this.health.indicatorsNow());
  }

  private async details(): Promise<Details> {
    const answers = await Promise.all(this.health.indicatorsNow().map((ask) => ask()));
    return Object.assign({}, ...answers) as Details;
  }
}
