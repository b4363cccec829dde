import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { problem, type Problem } from '../../kernel/errors.js';
import { Clock } from '../../kernel/time.js';
import { GatewayConfig } from '../gateway.config.js';
import { GatewayMetrics } from '../gateway.metrics.js';
import { TwoGenerations } from './two-generations.js';
import { decide, readPolicy, type Decision, type Policy } from './gcra.js';
import type { PolicyName } from './limited.js';

type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

interface Limited extends Policy {
  /** Ready for the RateLimit-Policy header (draft-ietf-httpapi-ratelimit-headers). */
  readonly header: string;
  readonly callers: TwoGenerations<string, number>;
}

/** How often who may ask. Each policy remembers one number per caller, at most LIMIT_KEYS_MAX of them. */
@Injectable()
export class Limits implements ThrottlerStorage {
  readonly policies: Readonly<Record<PolicyName, Limited>>;

  constructor(
    private readonly clock: Clock,
    config: GatewayConfig,
    private readonly metrics: GatewayMetrics,
  ) {
    const limited = (name: PolicyName, rate: string): Limited => {
      const policy = readPolicy(name, rate);
      const header = `"${name}";q=${policy.quota};w=${policy.windowMs / 1000}`;
      return { ...policy, header, callers: new TwoGenerations(config.limitKeysMax) };
    };
    this.policies = {
      login: limited('login', config.limitLogin),
      address: limited('address', config.limitAddress),
      read: limited('read', config.limitRead),
      write: limited('write', config.limitWrite),
      orders: limited('orders', config.limitOrders),
      safety: limited('safety', config.limitSafety),
    };
    metrics.limiterKeys(() =>
      Object.values(this.policies).reduce((sum, policy) => sum + policy.callers.size, 0),
    );
  }

  /** Counts one request of `caller`. */
  take(name: PolicyName, caller: string): Decision {
    const policy = this.policies[name];
    const decision = decide(policy, policy.callers.get(caller) ?? 0, this.clock.monotonicMs());
    if (decision.allowed) {
      const forgotten = policy.callers.set(caller, decision.fullAtMs);
      if (forgotten > 0) this.metrics.limiterForgotten.inc(undefined, forgotten);
    }
    this.metrics.limiter.inc({ policy: name, decision: decision.allowed ? 'allowed' : 'refused' });
    return decision;
  }

  /** The 429 of a refused request. */
  refusal(name: PolicyName, decision: Decision): Problem {
    const { quota, windowMs } = this.policies[name];
    const seconds = Math.max(1, Math.ceil(decision.retryMs / 1000));
    return problem('REQUEST_RATE_LIMITED', {
      detail: `policy ${name} allows ${quota} requests in ${windowMs / 1000} s and they are used up; try again in ${seconds} s`,
      facts: { policy: name },
      retryAfterSeconds: seconds,
    });
  }

  /** The same count in the words of @nestjs/throttler, for guards other than ours. */
  increment(key: string, ttl: number, limit: number, _block: number, name: string): Promise<ThrottlerRecord> {
    const own = this.policies[name as PolicyName] as Limited | undefined;
    const policy = own ?? { ...this.policies.address, name, quota: limit, windowMs: ttl };
    const caller = own ? key : `${name}|${key}`;
    const decision = decide(policy, policy.callers.get(caller) ?? 0, this.clock.monotonicMs());
    if (decision.allowed) policy.callers.set(caller, decision.fullAtMs);
    return Promise.resolve({
      totalHits: decision.allowed ? policy.quota - decision.remaining : policy.quota + 1,
      timeToExpire: Math.ceil(decision.resetMs / 1000),
      isBlocked: !decision.allowed,
      timeToBlockExpire: Math.ceil(decision.retryMs / 1000),
    });
  }
}
