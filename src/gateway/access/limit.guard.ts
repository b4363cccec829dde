import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { getOptionsToken, ThrottlerGuard, type ThrottlerModuleOptions } from '@nestjs/throttler';
import { accessOf, type Access } from '../../kernel/access.js';
import { callerAddress } from './caller-address.js';
import type { Reply, SignedRequest } from '../http/request.adapter.js';
import { coalesces, policyOf, type PolicyName } from './limited.js';
import { Limits } from './limits.service.js';

interface Rule {
  readonly policy: PolicyName | null;
  readonly coalesces: boolean;
}

/**
 * Counts every request against its policy and says so in the RateLimit headers. The stock guard asks its storage
 * once per policy and awaits each answer; ours knows the one policy of a route and answers without a promise.
 */
@Injectable()
export class LimitGuard extends ThrottlerGuard {
  private readonly rules = new WeakMap<Function, { controller: Function; rule: Rule }>();

  constructor(
    @Inject(getOptionsToken()) options: ThrottlerModuleOptions,
    private readonly limits: Limits,
    reflector: Reflector,
  ) {
    super(options, limits, reflector);
  }

  // The base class promises a promise; Nest takes either, and without one a request is a microtask shorter.
  override canActivate(context: ExecutionContext): Promise<boolean> {
    return this.judge(context) as unknown as Promise<boolean>;
  }

  private judge(context: ExecutionContext): boolean {
    const rule = this.ruleOf(context.getHandler(), context.getClass(), context);
    const { policy } = rule;
    if (policy === null) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<SignedRequest>();
    const reply = http.getResponse<Reply>();
    const decision = this.limits.take(policy, callerOf(policy, request));
    reply.header('RateLimit-Policy', this.limits.policies[policy].header);
    reply.header('RateLimit', `"${policy}";r=${decision.remaining};t=${Math.ceil(decision.resetMs / 1000)}`);
    if (decision.allowed) return true;
    if (!rule.coalesces) throw this.limits.refusal(policy, decision);
    request.overQuota = true;
    return true;
  }

  private ruleOf(route: Function, controller: Function, context: ExecutionContext): Rule {
    const known = this.rules.get(route);
    if (known?.controller === controller) return known.rule;
    const { method, routeOptions } = context.switchToHttp().getRequest<SignedRequest>();
    const usual = usualPolicy(accessOf(route, controller), method, routeOptions.url ?? '');
    const rule = { policy: policyOf(route) ?? usual, coalesces: coalesces(route) };
    this.rules.set(route, { controller, rule });
    return rule;
  }
}

/** The policy of a route that names none; null is uncounted. */
export function usualPolicy(access: Access | null, method: string, path: string): PolicyName | null {
  if (access !== 'public') return method === 'GET' ? 'read' : 'write';
  // Probes and metrics must answer under a flood, so what is public outside the API is not counted.
  return path.startsWith('/v1/') ? 'address' : null;
}

function callerOf(policy: PolicyName, request: SignedRequest): string {
  if (policy === 'login' || policy === 'address') return callerAddress(request.ip);
  if (policy === 'orders') return `${request.principal.userId}|${request.params.accountId}`;
  return request.principal.userId;
}
