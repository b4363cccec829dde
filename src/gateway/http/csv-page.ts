import { fieldsOf, type ContractClass } from '../../kernel/fields.js';
import type { Page } from '../../kernel/page.js';
import { prefersCsv } from './accept.js';
import { toCsv } from './csv.js';

/** The page as it is, or its items as CSV where the caller prefers that; the cursor then goes into `Next-Cursor`. */
export function asAccepted<T extends object>(
  request: { readonly headers: { readonly accept?: string } },
  reply: { header(name: string, value: string): unknown },
  item: ContractClass<T>,
  page: Page<T>,
): Page<T> | string {
  reply.header('Vary', 'Accept');
  if (!prefersCsv(request.headers.accept)) return page;
  if (page.nextCursor !== null) reply.header('Next-Cursor', page.nextCursor);
  reply.header('content-type', 'text/csv; charset=utf-8; header=present');
  return toCsv(
    fieldsOf(item).map(({ name }) => name),
    page.items,
  );
}
