import { invariant } from './invariant.js';

/** One entry of a module's catalogue; docs/errors.md lists all of them and a test holds the two together. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** May the same request be sent again as it is? `unknown`: its effect is not known, ask first. */
  readonly retryable: boolean | 'unknown';
}

export interface FieldError {
  /** JSON pointer into the body (`/quantity`) or `?name` for a query parameter. */
  readonly pointer: string;
  readonly detail: string;
}

/** RFC 9457 as it goes out; `code` is stable and documented, `detail` is for people. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance?: string;
  code: string;
  requestId?: string;
  retryable: boolean | 'unknown';
  errors?: FieldError[];
  [extension: string]: unknown;
}

export interface ProblemFacts {
  /** What was, what was allowed, what to do. */
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  /** Numbers and names the client may show, e.g. `{ notional: '12500', limit: '10000' }`. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
}

/** An expected "no": answered as a problem document, and survives a hop between processes. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly code: string,
    readonly kind: ProblemKind,
    readonly content: ProblemFacts,
  ) {
    super(`${code}: ${content.detail}`);
  }

  get status(): number {
    return this.kind.status;
  }

  toDocument(): ProblemDocument {
    const { detail, errors, facts } = this.content;
    // Facts first: one named `status` or `type` must never hide what the document itself says.
    return {
      ...facts,
      type: `/docs/errors#${this.code.toLowerCase()}`,
      title: this.kind.title,
      status: this.kind.status,
      detail,
      code: this.code,
      retryable: this.kind.retryable,
      ...(errors ? { errors: [...errors] } : {}),
    };
  }
}

const knownKinds = new Map<string, ProblemKind>();

/**
 * Declares a module's codes and gives the function that throws them:
 * A code belongs to one catalogue; a second declaration that says otherwise is an invariant violation.
 * `const problem = defineProblems({ DATA_UNKNOWN_INSTRUMENT: { status: 404, … } }); throw problem('DATA_UNKNOWN_INSTRUMENT', { detail })`.
 */
export function defineProblems<Code extends string>(
  kinds: Record<Code, ProblemKind>,
): (code: Code, content: ProblemFacts) => Problem {
  for (const [code, kind] of Object.entries<ProblemKind>(kinds)) {
    const known = knownKinds.get(code);
    const same =
      !known ||
      (known.status === kind.status && known.title === kind.title && known.retryable === kind.retryable);
    invariant(same, 'a code means one thing', { code, known, kind });
    knownKinds.set(code, kind);
  }
  return (code, content) => new Problem(code, kinds[code], content);
}

/** Every declared code; for the documentation test and for problems that arrive over the wire. */
export function problemKinds(): ReadonlyMap<string, ProblemKind> {
  return knownKinds;
}

/** The codes that belong to no module: malformed input, identity, limits, faults. */
export const problem = defineProblems({
  REQUEST_MALFORMED: { status: 400, title: 'Malformed request', retryable: false },
  REQUEST_INVALID: { status: 400, title: 'Invalid fields', retryable: false },
  REQUEST_UNAUTHENTICATED: { status: 401, title: 'Not signed in', retryable: false },
  REQUEST_FORBIDDEN: { status: 403, title: 'Not allowed', retryable: false },
  REQUEST_NOT_FOUND: { status: 404, title: 'Not found', retryable: false },
  REQUEST_METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed', retryable: false },
  REQUEST_TIMEOUT: { status: 408, title: 'Request took too long to arrive', retryable: true },
  REQUEST_CONFLICT: { status: 409, title: 'State conflict', retryable: false },
  REQUEST_TOO_LARGE: { status: 413, title: 'Body too large', retryable: false },
  REQUEST_MEDIA_TYPE: { status: 415, title: 'Unsupported media type', retryable: false },
  REQUEST_PRECONDITION_FAILED: { status: 412, title: 'Changed since it was read', retryable: false },
  REQUEST_PRECONDITION_REQUIRED: { status: 428, title: 'If-Match needed', retryable: false },
  REQUEST_RATE_LIMITED: { status: 429, title: 'Too many requests', retryable: true },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'Key used with other content', retryable: false },
  IDEMPOTENCY_IN_FLIGHT: { status: 409, title: 'Same key in flight', retryable: true },
  SERVER_FAULT: { status: 500, title: 'Server fault', retryable: 'unknown' },
  SERVER_UNAVAILABLE: { status: 503, title: 'Unavailable', retryable: true },
  SERVER_OVERLOADED: { status: 503, title: 'Overloaded', retryable: true },
  UPSTREAM_FAULT: { status: 502, title: 'Upstream fault', retryable: 'unknown' },
  UPSTREAM_TIMEOUT: { status: 504, title: 'Upstream took too long', retryable: 'unknown' },
});
