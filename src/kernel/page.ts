import { integer, text } from './fields.js';

export const pageLimitMax = 500;

/** Query of every list. */
export class PageQuery {
  @integer({ min: 1, max: pageLimitMax, optional: true, about: 'Items per page.', example: 100 })
  limit?: number;

  @text({ max: 400, optional: true, about: '`nextCursor` of the page before.' })
  cursor?: string;
}

/** What every list answers; a null cursor says that this was the last page. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

type CursorPart = string | number;

/** An opaque cursor: the sort key of the last row of a page. */
export function cursorOf(...key: CursorPart[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The sort key back, or null when the text is not a cursor whose parts have these types. */
export function readCursor(cursor: string, types: readonly ('string' | 'number')[]): CursorPart[] | null {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const fits =
      Array.isArray(key) && key.length === types.length && key.every((part, n) => typeof part === types[n]);
    return fits ? key : null;
  } catch {
    return null;
  }
}

/** A page from `limit + 1` rows: the extra one only says that there is more. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  cursor: (row: Row) => string,
): Page<Item> {
  const more = rows.length > limit;
  const shown = more ? rows.slice(0, limit) : rows;
  return { items: shown.map(toItem), nextCursor: more ? cursor(shown[shown.length - 1]) : null };
}
