import { problem } from '../../kernel/errors.js';

/**
 * The version a change is meant for, from `If-Match: "3"`; null for `*`. Throws REQUEST_PRECONDITION_REQUIRED without
 * the header and REQUEST_INVALID for one that names no version.
 */
export function versionWanted(header: string | undefined): number | null {
  if (header === undefined) {
    throw problem('REQUEST_PRECONDITION_REQUIRED', {
      detail: 'send If-Match with the version you have read, e.g. If-Match: "3"; * changes whatever there is',
    });
  }
  if (header === '*') return null;
  const match = /^(?:W\/)?"?([1-9]\d{0,14})"?$/.exec(header);
  if (match !== null) return Number(match[1]);
  const detail = `If-Match is ${JSON.stringify(header.slice(0, 60))}; it names a version, e.g. "3"`;
  throw problem('REQUEST_INVALID', { detail, errors: [{ pointer: 'If-Match', detail }] });
}
