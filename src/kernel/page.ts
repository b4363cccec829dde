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
