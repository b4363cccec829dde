import { createHash, timingSafeEqual } from 'node:crypto';
import type { onRequestHookHandler } from 'fastify';
import { problem } from '../../kernel/errors.js';
import type { Secret } from '../config/secret.js';
import { sendProblem } from '../http/send-problem.adapter.js';

/** The door of routes between processes: before the body is read, since a stranger must not make us parse anything. */
export function servicesOnly(token: Secret): onRequestHookHandler {
  const tokenHash = hashOf(`Bearer ${token.reveal()}`);
  return (request, reply, done) => {
    const { authorization } = request.headers;
    // Hashes are compared, so that neither time nor length tells anything of the token.
    if (authorization !== undefined && timingSafeEqual(hashOf(authorization), tokenHash)) {
      done();
      return;
    }
    const detail = 'this route is for processes with the service token';
    sendProblem(request, reply, problem('REQUEST_UNAUTHENTICATED', { detail }));
  };
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
