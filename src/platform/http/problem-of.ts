import { Problem, problem } from '../../kernel/errors.js';

/** What became of something thrown: the problem to answer, and whether it is a fault of ours that must be logged with its stack. */
export interface Answer {
  readonly problem: Problem;
  readonly fault: boolean;
}

/** The framework's exceptions, as far as they are needed here; known by shape so that this file stays pure. */
interface HttpException extends Error {
  getStatus(): number;
  getResponse(): unknown;
}

interface FastifyError extends Error {
  readonly code: string;
  readonly statusCode: number;
}

const codeByStatus = {
  400: 'REQUEST_MALFORMED',
  401: 'REQUEST_UNAUTHENTICATED',
  403: 'REQUEST_FORBIDDEN',
  404: 'REQUEST_NOT_FOUND',
  405: 'REQUEST_METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  409: 'REQUEST_CONFLICT',
  412: 'REQUEST_PRECONDITION_FAILED',
  413: 'REQUEST_TOO_LARGE',
  415: 'REQUEST_MEDIA_TYPE',
  422: 'REQUEST_INVALID',
  428: 'REQUEST_PRECONDITION_REQUIRED',
  429: 'REQUEST_RATE_LIMITED',
  502: 'UPSTREAM_FAULT',
  503: 'SERVER_UNAVAILABLE',
  504: 'UPSTREAM_TIMEOUT',
} as const;

/** Says of the framework's own refusals what to do about them; their texts tell only what went wrong. */
const hints: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is larger than this route takes; send less, or use a streamed import',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'this route does not take that Content-Type; send application/json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as Content-Length said',
  FST_ERR_CTP_INVALID_JSON_BODY:
    'the body is not JSON, or holds a name that is not allowed such as "__proto__"',
  FST_ERR_BAD_URL: 'the path holds a broken percent escape',
  FST_ERR_MAX_PARAM_LENGTH: 'a part of the path is longer than any id',
};

/** Anything thrown on the way of a request to the problem that is answered. Never shows internals of a fault. */
export function problemOf(error: unknown): Answer {
  if (error instanceof Problem) return { problem: error, fault: error.status === 500 };
  if (isHttpException(error)) {
    if (isFastifyError(error.cause)) return fromFastify(error.cause);
    return fromStatus(error.getStatus(), messageOf(error));
  }
  if (isFastifyError(error)) return fromFastify(error);
  return serverFault();
}

function fromFastify(error: FastifyError): Answer {
  return fromStatus(error.statusCode, hints[error.code] ?? error.message);
}

function fromStatus(status: number, detail: string): Answer {
  const code = codeByStatus[status as keyof typeof codeByStatus];
  if (code) return { problem: problem(code, { detail: cut(detail) }), fault: false };
  // Statuses the catalogue does not have (414, 431 …) are all ways to be malformed.
  if (status >= 400 && status < 500) {
    return { problem: problem('REQUEST_MALFORMED', { detail: cut(detail) }), fault: false };
  }
  return serverFault();
}

function serverFault(): Answer {
  const detail = 'something broke on our side; it is logged under the request id';
  return { problem: problem('SERVER_FAULT', { detail }), fault: true };
}

/** The health library's own answer, which keeps its shape; null when it is something else. */
export function terminusBodyOf(error: unknown): object | null {
  if (!isHttpException(error)) return null;
  const body = error.getResponse() as Record<string, unknown> | null;
  const isTerminus = typeof body === 'object' && body !== null && 'details' in body && 'info' in body;
  return isTerminus ? body : null;
}

function messageOf(error: HttpException): string {
  const body = error.getResponse();
  const message = typeof body === 'object' && body !== null ? (body as { message?: unknown }).message : body;
  if (Array.isArray(message)) return message.join('; ');
  return typeof message === 'string' ? message : error.message;
}

function isHttpException(error: unknown): error is HttpException {
  const candidate = error as HttpException | null;
  return (
    candidate instanceof Error &&
    typeof candidate.getStatus === 'function' &&
    typeof candidate.getResponse === 'function'
  );
}

function isFastifyError(error: unknown): error is FastifyError {
  const candidate = error as FastifyError | null;
  return (
    candidate instanceof Error &&
    typeof candidate.statusCode === 'number' &&
    typeof candidate.code === 'string'
  );
}

function cut(detail: string): string {
  return detail.length > 300 ? `${detail.slice(0, 297)}...` : detail;
}
