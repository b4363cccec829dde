import type { Schema } from './schema.js';

/** Parts of the document that many routes share. */
export const problemSchema: Schema = {
  type: 'object',
  description:
    'RFC 9457. `code` is stable and documented; `detail` is for people. Further members carry the numbers.',
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What was, what was allowed, what to do.' },
    instance: { type: 'string', format: 'uri-reference' },
    code: { type: 'string', pattern: '^[A-Z][A-Z0-9_]+$' },
    requestId: { type: 'string' },
    retryable: {
      enum: [true, false, 'unknown'],
      description: 'May the same request be sent again as it is? `unknown`: ask first what became of it.',
    },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pointer: {
            type: 'string',
            description: 'JSON pointer into the body, or `?name` for a query parameter.',
          },
          detail: { type: 'string' },
        },
        required: ['pointer', 'detail'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable'],
};

const text = { type: 'string' };

export const headers: Readonly<Record<string, Schema>> = {
  RequestId: { description: 'Id of this request, also in logs and problems.', schema: text },
  RateLimitPolicy: {
    description: 'The policy that counted this request: quota `q` in a window of `w` seconds.',
    schema: { ...text, examples: ['"orders";q=100;w=10'] },
  },
  RateLimit: {
    description: 'What is left: `r` requests now, all of them again in `t` seconds.',
    schema: { ...text, examples: ['"orders";r=42;t=3'] },
  },
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } },
  IdempotencyReplayed: {
    description: 'Present and true when this is the answer of an earlier equal request.',
    schema: { type: 'string', enum: ['true'] },
  },
  NextCursor: {
    description: 'With `text/csv`: the cursor of the next page, when there is one.',
    schema: text,
  },
  Challenge: { description: 'How to sign in.', schema: text },
};

export const parameters: Readonly<Record<string, Schema>> = {
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    required: false,
    description:
      'Your own id for this request; echoed when it matches `^[A-Za-z0-9._-]{8,64}$`, replaced otherwise.',
    schema: { ...text, pattern: '^[A-Za-z0-9._-]{8,64}$', examples: ['my-request-0001'] },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: true,
    description:
      'The version that was read, so that nothing is changed unseen; `*` changes whatever there is.',
    schema: { ...text, examples: ['"3"'] },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Makes the request safe to send again for seven days: the same key and content gets the first answer, byte for byte.',
    schema: { ...text, minLength: 1, maxLength: 200, examples: ['5f0c9a52-3c5e-4f4e-9a3e-5b7f0e2d1c11'] },
  },
};
