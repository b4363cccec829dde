import { Secret } from '../config/secret.js';

export const mask = '***';
const depthMax = 6;
const itemsMax = 100;
const textLengthMax = 8000;
const sensitive =
  /authorization|cookie|passw|secret|token|api[-_]?key|private[-_]?key|signature|credential|totp/i;

/** Names come from the code, so this stays small; past the bound they are judged afresh. */
const judged = new Map<string, boolean>();
const judgedMax = 2000;

export function isSensitive(name: string): boolean {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const verdict = sensitive.test(name);
  if (judged.size < judgedMax) judged.set(name, verdict);
  return verdict;
}

/**
 * The facts as they may be written down: whatever is named like a secret, is a Secret, or looks like one inside a
 * text (passwords in URLs, bearer tokens) becomes `***`; errors become plain data; depth and length are bounded.
 */
export function redacted(facts: Record<string, unknown>): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const name in facts) clean[name] = named(name, facts[name], 1);
  return clean;
}

function named(name: string, value: unknown, depth: number): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null) {
    return value;
  }
  return isSensitive(name) ? mask : plain(value, depth);
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '[function]' : value;
  if (value instanceof Secret) return mask;
  if (depth > depthMax) return '[deeper]';
  if (value instanceof Error) return plainError(value, depth);
  if (Array.isArray(value)) {
    const items = value.slice(0, itemsMax).map((item) => plain(item, depth + 1));
    return value.length > itemsMax ? [...items, `[${value.length - itemsMax} more]`] : items;
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return plain((value as { toJSON: () => unknown }).toJSON(), depth + 1);
  }
  const clean: Record<string, unknown> = {};
  const entries = value instanceof Map ? value : Object.entries(value);
  let left = itemsMax;
  for (const [name, item] of entries) {
    if (left-- === 0) {
      clean['…'] = '[more]';
      break;
    }
    clean[String(name)] = named(String(name), item, depth + 1);
  }
  return clean;
}

function plainError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause, ...rest } = error;
  return {
    ...(redacted(rest) as object),
    type: name || error.constructor.name,
    message: maskText(message),
    stack: maskText(stack ?? ''),
    ...(cause === undefined ? {} : { cause: plain(cause, depth + 1) }),
  };
}

/** Passwords inside URLs, bearer tokens and JSON web tokens inside any text. */
export function maskText(text: string): string {
  let clean = text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text;
  if (clean.includes('://')) clean = clean.replace(/(:\/\/[^/\s:@]*):[^@\s/]+@/g, `$1:${mask}@`);
  if (clean.includes('earer ')) clean = clean.replace(/([Bb]earer )[^\s"',]+/g, `$1${mask}`);
  if (clean.includes('eyJ')) clean = clean.replace(/eyJ[\w-]{4,}\.[\w-]+\.[\w-]*/g, mask);
  return clean;
}
