import { problem } from '../../kernel/errors.js';
import { pageLimitMax, type Page } from '../../kernel/page.js';

/** A page of a sorted list that lies in memory. The cursor is the last key of the page before. Throws REQUEST_INVALID. */
export function pageOf<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
  { limit = 100, cursor }: { limit?: number; cursor?: string },
): Page<T> {
  const after = cursor === undefined ? null : readCursor(cursor);
  const rest = after === null ? sorted : sorted.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, Math.min(limit, pageLimitMax));
  const last = items.at(-1);
  const more = rest.length > items.length && last !== undefined;
  return { items, nextCursor: more ? Buffer.from(`k${keyOf(last)}`).toString('base64url') : null };
}

function readCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (text.startsWith('k')) return text.slice(1);
  throw problem('REQUEST_INVALID', {
    detail: '?cursor is not one this list gave; send `nextCursor` of the page before, or none',
    errors: [{ pointer: '?cursor', detail: 'is not a cursor of this list' }],
  });
}
