import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem, ProblemDocument } from '../../kernel/errors.js';

export const problemType = 'application/problem+json';

/** The problem as it goes out to one request; `instance` is the path without its query, which may hold secrets. */
export function problemDocument(
  problem: Problem,
  url: string | undefined,
  requestId: string | undefined,
): ProblemDocument {
  const document = problem.toDocument();
  if (url !== undefined) document.instance = pathOf(url);
  if (requestId !== undefined) document.requestId = requestId;
  return document;
}

export function pathOf(url: string): string {
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  return path.length > 500 ? path.slice(0, 500) : path;
}

/** Answers a request with a problem document and the headers that belong to it. For raw routes and hooks too. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  const { retryAfterSeconds } = problem.content;
  reply.header('x-request-id', request.id);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.ceil(retryAfterSeconds)));
  // A guard that knows more (an expired token) has set its own challenge by now.
  if (problem.status === 401 && !reply.hasHeader('www-authenticate')) {
    reply.header('www-authenticate', 'Bearer realm="rrralgorithms"');
  }
  const document = problemDocument(problem, request.url, request.id);
  // As bytes, because to text the framework would add a charset, which this media type does not have.
  const body = Buffer.from(JSON.stringify(document));
  reply.code(problem.status).header('content-type', problemType).send(body);
}
