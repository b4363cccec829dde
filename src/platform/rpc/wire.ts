import {
  Problem,
  problem,
  type ProblemDocument,
  type ProblemFacts,
  problemKinds,
} from '../../kernel/errors.js';
import { rpcProblem } from './errors.js';

export const rpcRoute = '/internal/rpc/:port/:method';

export function rpcPath(port: string, method: string): string {
  return `/internal/rpc/${port}/${method}`;
}

/** A problem document that also carries the problem's own parts, so that the caller can rebuild it exactly. */
export interface WireProblem extends ProblemDocument {
  rpc: Pick<ProblemFacts, 'facts' | 'retryAfterSeconds'>;
}

export function toWire(said: Problem): WireProblem {
  const { facts, retryAfterSeconds } = said.content;
  return { ...said.toDocument(), rpc: { facts, retryAfterSeconds } };
}

/**
 * What a port on the other side said, as the problem it threw there; anything that did not come from a port
 * (its server, a proxy) becomes an UPSTREAM problem, since it is no answer to what was asked.
 */
export function fromWire(status: number, text: string, upstream: string): Problem {
  const document = parse(text);
  if (document === null || !('rpc' in document)) {
    if (status === 503) {
      return rpcProblem('UPSTREAM_UNAVAILABLE', {
        detail: `${upstream} is not ready to be asked; try again`,
        retryAfterSeconds: 1,
      });
    }
    const said = document?.detail ?? 'nothing readable';
    return problem('UPSTREAM_FAULT', {
      detail: `${upstream} answered ${status}: ${String(said).slice(0, 200)}`,
    });
  }
  const { code, title, detail, errors, retryable } = document;
  if (code === 'SERVER_FAULT') {
    return problem('UPSTREAM_FAULT', { detail: `${upstream} met a fault of its own; its log says more` });
  }
  const kind = problemKinds().get(code) ?? { status: document.status, title, retryable };
  const { facts, retryAfterSeconds } = (document as WireProblem).rpc;
  return new Problem(code, kind, {
    detail,
    ...(errors ? { errors } : {}),
    ...(facts ? { facts } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Whether a port itself said it; otherwise its server refused before looking at the call. */
export function saidByPort(text: string): boolean {
  const document = parse(text);
  return document !== null && 'rpc' in document;
}

function parse(text: string): ProblemDocument | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && 'code' in value ? (value as ProblemDocument) : null;
  } catch {
    return null;
  }
}
