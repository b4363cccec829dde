import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { Health, type Stage } from '../kernel/health.js';
import { Log } from '../kernel/log.js';
import { Metrics } from '../kernel/metrics.js';

/** Asks one part, in the form the health library runs. */
export type Indicator = () => Promise<HealthIndicatorResult>;

/** A part that does not answer in this time is as good as down. */
const checkMsMax = 2_000;
/** Probes are public: however many ask, each check runs at most this often. */
const cacheMs = 500;

/** Knows how far the process is and what its parts say of themselves; says a change of mind once in the log. */
@Injectable()
export class HealthService extends Health {
  stage: Stage = 'starting';
  private readonly checks = new Map<string, () => Promise<void> | void>();
  private readonly down = new Map<string, string>();
  private readonly log: Log;

  constructor(
    private readonly indicators: HealthIndicatorService,
    log: Log,
    metrics: Metrics,
  ) {
    super();
    this.log = log.of('health');
    metrics.observed(
      { name: 'health_stage', help: 'One for the stage the process is in.', labels: ['stage'] },
      () =>
        (['starting', 'ready', 'draining'] as const).map((stage) => ({
          value: stage === this.stage ? 1 : 0,
          labels: { stage },
        })),
    );
    metrics.observed(
      { name: 'health_check_up', help: 'What each part last said: 1 well, 0 not.', labels: ['check'] },
      () =>
        [...this.checks.keys()].map((check) => ({ value: this.down.has(check) ? 0 : 1, labels: { check } })),
    );
  }

  register(name: string, check: () => Promise<void> | void): void {
    this.checks.set(name, check);
  }

  started(): void {
    if (this.stage === 'starting') this.stage = 'ready';
  }

  drain(): void {
    this.stage = 'draining';
  }

  /** Every check, the process's own stage first. */
  indicatorsNow(): Indicator[] {
    const { stage } = this;
    const own: Indicator = async () => {
      const server = this.indicators.check('server');
      return stage === 'ready' ? server.up() : server.down(`the process is ${stage}`);
    };
    return [own, ...[...this.checks].map(([name, check]) => this.indicator(name, check))];
  }

  private indicator(name: string, check: () => Promise<void> | void): Indicator {
    return async () =>
      this.indicators
        .check(name)
        .attempt(async () => {
          try {
            await check();
            this.say(name, null);
          } catch (error) {
            this.say(name, error instanceof Error ? error.message : String(error));
            throw error;
          }
        })
        .withTimeout(checkMsMax)
        .cacheFor(cacheMs);
  }

  private say(name: string, reason: string | null): void {
    if (reason === null) {
      if (this.down.delete(name)) this.log.info({ check: name }, 'well again');
    } else {
      if (!this.down.has(name)) this.log.warn({ check: name, reason }, 'not well');
      this.down.set(name, reason);
    }
  }
}
