/** What went wrong at the database, in few enough words to be a metric label. */
export const sqlErrorKinds = [
  'constraint',
  'serialization',
  'timeout',
  'connection',
  'space',
  'statement',
  'other',
] as const;
export type SqlErrorKind = (typeof sqlErrorKinds)[number];

// No class of SQLSTATE begins with E, but the names of the system's errors do (EPIPE, EBADF).
const sqlStatePattern = /^[0-9A-DF-Z][0-9A-Z]{4}$/;

/** The SQLSTATE PostgreSQL answered (https://www.postgresql.org/docs/current/errcodes-appendix.html), or null when it never answered. */
export function sqlStateOf(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && sqlStatePattern.test(code) ? code : null;
}

export function sqlErrorKind(error: unknown): SqlErrorKind {
  const state = sqlStateOf(error);
  if (state === null) return error instanceof Error ? 'connection' : 'other';
  if (state === '57014' || state === '55P03' || state === '25P03') return 'timeout';
  if (state.startsWith('23')) return 'constraint';
  if (state.startsWith('40')) return 'serialization';
  if (state.startsWith('53')) return 'space';
  if (state.startsWith('08') || state.startsWith('57P')) return 'connection';
  if (state.startsWith('22') || state.startsWith('42')) return 'statement';
  return 'other';
}

/** Did a unique index refuse the row? With `constraint`, only that index. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (sqlStateOf(error) !== '23505') return false;
  return constraint === undefined || (error as { constraint?: string }).constraint === constraint;
}

/**
 * After a failed COMMIT: true when the server itself said that nothing was committed. A lost connection, a shutdown
 * or silence says nothing, because the commit may have been written before the answer was lost.
 */
export function commitSurelyFailed(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== null && !/^(08|57P|XX|58)/.test(state);
}
