import type { Access } from '../../kernel/access.js';
import { problemKinds, type ProblemKind } from '../../kernel/errors.js';
import { fieldsOf, type ContractClass } from '../../kernel/fields.js';
import type { PolicyName } from '../access/limited.js';
import type { AnswerShape, RouteDescription } from './describe.js';
import { exampleOf, referenceTo, schemaOfField, type Schema } from './schema.js';

/** Everything known of one route, read from its decorators. */
export interface RouteFacts {
  readonly method: string;
  /** With `{name}` for its parts. */
  readonly path: string;
  readonly status: number;
  readonly access: Access;
  readonly policy: PolicyName | null;
  readonly description: RouteDescription;
  readonly body: ContractClass | null;
  readonly query: ContractClass | null;
}

const header = (name: string): Schema => ({ $ref: `#/components/headers/${name}` });

/** The OpenAPI operation of a route. */
export function operationOf(facts: RouteFacts): Record<string, unknown> {
  const { description, access, body } = facts;
  const more = [description.more, access === 'public' ? null : `Needs the role ${access} or higher.`];
  return {
    summary: description.summary,
    description: more.filter(Boolean).join(' ') || description.summary,
    tags: [tagOf(facts.path)],
    security: access === 'public' ? [] : [{ bearer: [] }],
    parameters: parametersOf(facts),
    ...(body ? { requestBody: jsonBody(body) } : {}),
    ...(description.csvBody ? { requestBody: csvBody(description.csvBody) } : {}),
    responses: { ...successes(facts), ...problems(facts) },
  };
}

/** By module, in the order of the document. */
export const tags: readonly { name: string; description: string; paths: RegExp }[] = [
  { name: 'Identity', description: 'Signing in, sessions, users.', paths: /^\/v1\/(auth|users)/ },
  {
    name: 'Market data',
    description:
      'Instruments, candles, quotes, imports, exports, backfills, replays and the jobs they run as.',
    paths:
      /^\/v1\/(instruments|candles|trades|quotes|order-books|imports|exports|backfills|replays|jobs|feeds|data-quality)/,
  },
  {
    name: 'Predictions',
    description: 'Features, models and what they expect.',
    paths: /^\/v1\/(predictions|models|feature)/,
  },
  {
    name: 'Trading',
    description: 'Accounts, orders, positions, risk, strategies.',
    paths: /^\/v1\/accounts/,
  },
  { name: 'Operations', description: 'Streams, services, health and metrics.', paths: /^/ },
];

export function tagOf(path: string): string {
  return tags.find(({ paths }) => paths.test(path))!.name;
}

function parametersOf({ path, query, description }: RouteFacts): Schema[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', examples: [pathExample(name, path)] },
  }));
  const inQuery = (query ? fieldsOf(query) : []).map((field) => {
    const { description: about, ...schema } = schemaOfField(field);
    const isList = schema.type === 'array';
    return {
      name: field.name,
      in: 'query',
      required: !field.optional,
      ...(about === undefined ? {} : { description: about }),
      schema,
      ...(isList ? { style: 'form', explode: false } : {}),
    };
  });
  const inHeader = [
    ...(description.keyed ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ...(description.matched ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
  ];
  return [...inPath, ...inQuery, ...inHeader, { $ref: '#/components/parameters/RequestId' }];
}

function pathExample(name: string, path: string): string {
  if (name === 'instrument' || /^\/v1\/instruments\//.test(path)) return 'BTC-USD.SIM';
  if (name === 'clientOrderId') return 'my-order-1';
  if (/^\/v1\/feeds/.test(path)) return 'sim';
  if (name === 'name') return 'direction';
  return name === 'version' ? '1' : '01ARZ3NDEKTSV4RRFFQ69G5FAV';
}

function jsonBody(body: ContractClass): Schema {
  return {
    required: true,
    content: { 'application/json': { schema: referenceTo(body), example: exampleOf(body) } },
  };
}

function csvBody(example: string): Schema {
  return {
    required: true,
    content: { 'text/csv': { schema: { type: 'string' }, example }, 'application/zip': { schema: {} } },
  };
}

function successes({ status, description, policy }: RouteFacts): Record<string, unknown> {
  const { answers, also = {}, csv, csvAnswer, keyed } = description;
  const headers = {
    'X-Request-Id': header('RequestId'),
    ...(policy ? { 'RateLimit-Policy': header('RateLimitPolicy'), RateLimit: header('RateLimit') } : {}),
    ...(keyed || also[200] ? { 'Idempotency-Replayed': header('IdempotencyReplayed') } : {}),
    ...(csv ? { 'Next-Cursor': header('NextCursor') } : {}),
  };
  const shape = shapeOf(answers);
  const jsonContent = shape && {
    'application/json': { schema: shape.schema, example: shape.example },
    ...(csv ? { 'text/csv': { schema: { type: 'string' } } } : {}),
  };
  const content = csvAnswer
    ? { 'text/csv': { schema: { type: 'string' }, example: csvAnswer } }
    : jsonContent;
  const answer = (says: string): Schema => ({ description: says, headers, ...(content ? { content } : {}) });
  return {
    [status]: answer(description.says ?? description.summary),
    ...Object.fromEntries(Object.entries(also).map(([code, says]) => [code, answer(says)])),
  };
}

/** Schema and example of an answer; null when it has no body. */
export function shapeOf(answers: AnswerShape): { schema: Schema; example: unknown } | null {
  if (answers === 'nothing') return null;
  if (typeof answers === 'function') return { schema: referenceTo(answers), example: exampleOf(answers) };
  if ('eitherOf' in answers) {
    const shapes = answers.eitherOf.map(shapeOf).filter((shape) => shape !== null);
    return { schema: { anyOf: shapes.map(({ schema }) => schema) }, example: shapes[0].example };
  }
  if ('schema' in answers) return { schema: answers.schema as Schema, example: answers.example };
  const { pageOf } = answers;
  return {
    schema: {
      type: 'object',
      properties: {
        items: { type: 'array', items: referenceTo(pageOf) },
        nextCursor: { type: ['string', 'null'], description: 'Null on the last page.' },
      },
      required: ['items', 'nextCursor'],
      additionalProperties: false,
    },
    example: { items: [exampleOf(pageOf)], nextCursor: null },
  };
}

/** Codes a route may answer, those of its kind among them. */
export function codesOf({ access, body, query, path, policy, method, description }: RouteFacts): string[] {
  const takesBody = body !== null || description.csvBody !== undefined;
  return [
    ...(description.problems ?? []),
    ...(takesBody || query ? ['REQUEST_INVALID'] : []),
    ...(takesBody ? ['REQUEST_MALFORMED', 'REQUEST_TOO_LARGE', 'REQUEST_MEDIA_TYPE'] : []),
    ...(path.includes('{') ? ['REQUEST_NOT_FOUND'] : []),
    ...(access === 'public'
      ? []
      : [
          'REQUEST_UNAUTHENTICATED',
          'AUTH_TOKEN_EXPIRED',
          'AUTH_SESSION_REVOKED',
          'REQUEST_FORBIDDEN',
          'AUTH_PASSWORD_CHANGE_REQUIRED',
        ]),
    ...(access !== 'public' && method !== 'get' && policy !== 'safety' ? ['AUTH_STATE_STALE'] : []),
    ...(policy ? ['REQUEST_RATE_LIMITED'] : []),
    ...(description.keyed
      ? [
          'IDEMPOTENCY_KEY_INVALID',
          'IDEMPOTENCY_KEY_REUSED',
          'IDEMPOTENCY_IN_FLIGHT',
          'IDEMPOTENCY_OUTCOME_UNKNOWN',
        ]
      : []),
    'SERVER_FAULT',
    'SERVER_UNAVAILABLE',
  ];
}

function problems(facts: RouteFacts): Record<string, unknown> {
  const byStatus = new Map<number, { code: string; kind: ProblemKind }[]>();
  for (const code of new Set(codesOf(facts))) {
    const kind = problemKinds().get(code);
    if (!kind) throw new RangeError(`${facts.method} ${facts.path} names ${code}, which no catalogue has`);
    byStatus.set(kind.status, [...(byStatus.get(kind.status) ?? []), { code, kind }]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, kinds]) => [
      status,
      {
        description: kinds.map(({ code, kind }) => `${code}: ${kind.title}`).join('; '),
        headers: {
          'X-Request-Id': header('RequestId'),
          ...(status === 401 ? { 'WWW-Authenticate': header('Challenge') } : {}),
          ...(status === 429 || status === 503 ? { 'Retry-After': header('RetryAfter') } : {}),
        },
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(
              kinds.map(({ code }) => [code, { $ref: `#/components/examples/${code}` }]),
            ),
          },
        },
      },
    ]),
  );
}

/** What a problem of this code looks like; `detail` then says what exactly was wrong. */
export function problemExample(code: string, kind: ProblemKind): Schema {
  return {
    type: `/docs/errors#${code.toLowerCase()}`,
    title: kind.title,
    status: kind.status,
    detail: `${kind.title}.`,
    code,
    requestId: '4f02545523-00002e',
    retryable: kind.retryable,
  };
}
