import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/time.js';
import { Limits } from '../access/limits.service.js';
import { TwoGenerations } from '../access/two-generations.js';
import type { SignedRequest } from './request.adapter.js';

/** An answer this old still speaks for an equal cancel. */
const sharedForMs = 1_000;
const rememberedMax = 10_000;

interface Shared {
  readonly answer: Promise<unknown>;
  readonly sinceMs: number;
}

/**
 * Equal cancels of one user share one call: those that arrive while the first is at work, and past the quota those
 * within a second of it. So a client that repeats a cancel in panic is answered, never refused.
 */
@Injectable()
export class CoalescedCancels {
  private readonly atWork = new Map<string, Shared>();
  private readonly done = new TwoGenerations<string, Shared>(rememberedMax);

  constructor(
    private readonly clock: Clock,
    private readonly limits: Limits,
  ) {}

  /** Throws REQUEST_RATE_LIMITED past the quota when nothing equal was answered lately, and what `act` throws. */
  share<T>(request: SignedRequest, act: () => Promise<T>): Promise<T> {
    const key = `${request.principal.userId} ${request.method} ${request.url}`;
    const running = this.atWork.get(key);
    if (running) return running.answer as Promise<T>;
    const nowMs = this.clock.monotonicMs();
    if (request.overQuota) {
      const last = this.done.get(key);
      if (last && nowMs - last.sinceMs <= sharedForMs) return last.answer as Promise<T>;
      const { quota, windowMs } = this.limits.policies.safety;
      throw this.limits.refusal('safety', {
        allowed: false,
        remaining: 0,
        resetMs: windowMs,
        retryMs: windowMs / quota,
        fullAtMs: nowMs + windowMs,
      });
    }
    const shared = { answer: act(), sinceMs: nowMs };
    this.atWork.set(key, shared);
    const finish = (): void => {
      this.atWork.delete(key);
      this.done.set(key, shared);
    };
    shared.answer.then(finish, finish);
    return shared.answer;
  }
}
