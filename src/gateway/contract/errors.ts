import { defineProblems } from '../../kernel/errors.js';

/** What the outward face refuses with: identity, idempotency, streams. */
export const gatewayProblem = defineProblems({
  AUTH_CREDENTIALS_INVALID: { status: 401, title: 'Wrong username or password', retryable: false },
  AUTH_TOKEN_EXPIRED: { status: 401, title: 'Access token expired', retryable: false },
  AUTH_SESSION_REVOKED: { status: 401, title: 'Session ended', retryable: false },
  AUTH_REFRESH_INVALID: { status: 401, title: 'Refresh token not valid', retryable: false },
  AUTH_REFRESH_REUSED: { status: 401, title: 'Refresh token used before', retryable: false },
  AUTH_PASSWORD_CHANGE_REQUIRED: { status: 403, title: 'Password must be changed first', retryable: false },
  AUTH_PASSWORD_REFUSED: { status: 422, title: 'Password refused', retryable: false },
  AUTH_USERNAME_TAKEN: { status: 409, title: 'Username taken', retryable: false },
  AUTH_USER_UNKNOWN: { status: 404, title: 'Unknown user', retryable: false },
  AUTH_GRANTEE_UNKNOWN: { status: 422, title: 'Nobody to share with', retryable: false },
  AUTH_USERS_TOO_MANY: { status: 409, title: 'Too many users', retryable: false },
  AUTH_SESSION_UNKNOWN: { status: 404, title: 'Unknown session', retryable: false },
  AUTH_LAST_ADMIN: { status: 409, title: 'Last administrator', retryable: false },
  AUTH_STATE_STALE: { status: 503, title: 'Identity cannot be checked', retryable: true },
  ACCESS_UNDECIDED: { status: 403, title: 'Route is closed', retryable: false },
  IDEMPOTENCY_KEY_INVALID: { status: 400, title: 'Idempotency-Key not valid', retryable: false },
  IDEMPOTENCY_OUTCOME_UNKNOWN: {
    status: 409,
    title: 'Outcome of the first request unknown',
    retryable: 'unknown',
  },
  STREAM_NOT_AUTHENTICATED: { status: 401, title: 'Stream not signed in', retryable: false },
  STREAM_TICKET_INVALID: { status: 401, title: 'Stream ticket not valid', retryable: false },
  STREAM_MESSAGE_INVALID: { status: 400, title: 'Stream message not understood', retryable: false },
  STREAM_CHANNEL_UNKNOWN: { status: 404, title: 'Unknown channel', retryable: false },
  STREAM_SUBSCRIPTIONS_TOO_MANY: { status: 429, title: 'Too many subscriptions', retryable: false },
  STREAM_ORIGIN_REFUSED: { status: 403, title: 'Origin not allowed', retryable: false },
  STREAM_FULL: { status: 503, title: 'Too many stream clients', retryable: true },
});
