import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../kernel/principal.js';

/** A request that passed the access guard. */
export interface SignedRequest extends FastifyRequest {
  principal: Principal;
  sessionId: string;
  tokenExpiresMs: number;
  /** Only on coalescing routes: the quota is used up. */
  overQuota?: boolean;
  params: Record<string, string>;
}

export type Reply = FastifyReply;

/** The address limits count by: a whole /64 of IPv6, since one user holds that many. */
export function callerAddress(ip: string): string {
  if (!ip.includes(':') || ip.startsWith('::ffff:')) return ip;
  const [head, tail = ''] = ip.split('::');
  const start = head === '' ? [] : head.split(':');
  const end = tail === '' ? [] : tail.split(':');
  const gap = ip.includes('::')
    ? Array.from({ length: Math.max(0, 8 - start.length - end.length) }, () => '0')
    : [];
  return `${[...start, ...gap, ...end].slice(0, 4).join(':')}::/64`;
}
