import { dataProblem } from './contract/errors.js';

/** Where a page ended: in which direction it goes on, and at which time (and place among equals). */
export interface Cursor {
  /** `newer`: the next page begins at the position; `older`: it ends before it. */
  readonly direction: 'newer' | 'older';
  readonly timeMs: number;
  /** Tie-breakers among rows of one time, where there are such. */
  readonly place: number;
  readonly id: string;
}

/** Opaque text for `nextCursor`. `list` names the list it belongs to, so that it is refused by any other. */
export function writeCursor(list: string, cursor: Cursor): string {
  const { direction, timeMs, place, id } = cursor;
  return Buffer.from(JSON.stringify([list, direction, timeMs, place, id])).toString('base64url');
}

/** Throws DATA_CURSOR_INVALID when the text is not a cursor of this list. */
export function readCursor(list: string, text: string): Cursor {
  const refuse = (): never => {
    throw dataProblem('DATA_CURSOR_INVALID', {
      detail:
        'the cursor is not one this list has given out; ask again without it, or with the same query as the page it came from',
    });
  };
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return refuse();
  }
  if (!Array.isArray(parts) || parts.length !== 5 || parts[0] !== list) return refuse();
  const [, direction, timeMs, place, id] = parts as unknown[];
  if (direction !== 'newer' && direction !== 'older') return refuse();
  if (!Number.isSafeInteger(timeMs) || !Number.isSafeInteger(place) || typeof id !== 'string')
    return refuse();
  return { direction, timeMs: timeMs as number, place: place as number, id };
}
