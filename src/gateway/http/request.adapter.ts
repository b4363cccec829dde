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
