import { VenueFault, type VenueFaultKind } from '../venue.js';

/** ccxt's error classes, the most telling ancestor first found; what is not named here is `refused`. */
const kinds: Readonly<Record<string, VenueFaultKind>> = {
  RateLimitExceeded: 'rate_limited',
  DDoSProtection: 'rate_limited',
  RequestTimeout: 'timeout',
  ExchangeNotAvailable: 'unavailable',
  InvalidNonce: 'malformed',
  NetworkError: 'unavailable',
  BadResponse: 'malformed',
  OperationFailed: 'unavailable',
  UnsubscribeError: 'unavailable',
  ExchangeClosedByUser: 'unavailable',
  // Thrown while an answer is taken apart: it had not the shape that ccxt knows.
  SyntaxError: 'malformed',
  TypeError: 'malformed',
  RangeError: 'malformed',
};

const messageLengthMax = 300;

/** Whatever ccxt throws, as a fault of the venue. `retryAfterMs`: what the venue's last answer asked for. */
export function ccxtFault(error: unknown, venue: string, retryAfterMs: number | null = null): VenueFault {
  if (error instanceof VenueFault) return error;
  const kind = kindOf(error);
  const said = error instanceof Error ? error.message : String(error);
  const message = `${venue}: ${said.replace(/\s+/g, ' ').slice(0, messageLengthMax)}`;
  return new VenueFault(kind, message, kind === 'rate_limited' ? retryAfterMs : null);
}

function kindOf(error: unknown): VenueFaultKind {
  for (let at: object | null = Object(error); at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const name = (at.constructor as { name?: string } | undefined)?.name;
    if (name !== undefined && Object.hasOwn(kinds, name)) return kinds[name];
  }
  return 'refused';
}
