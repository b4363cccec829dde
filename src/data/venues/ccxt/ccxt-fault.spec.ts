import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VenueFault } from '../venue.js';
import { ccxtFault } from './ccxt-fault.js';

const folder = dirname(createRequire(import.meta.url).resolve('ccxt'));
const file = pathToFileURL(join(folder, '..', 'js', 'src', 'base', 'errors.js')).href;
const errors = (await import(file)) as Record<string, new (message: string) => Error>;

describe('what ccxt throws', () => {
  it.each([
    ['RateLimitExceeded', 'rate_limited', true],
    ['DDoSProtection', 'rate_limited', true],
    ['RequestTimeout', 'timeout', true],
    ['ExchangeNotAvailable', 'unavailable', true],
    ['OnMaintenance', 'unavailable', true],
    ['NetworkError', 'unavailable', true],
    ['OperationFailed', 'unavailable', true],
    ['ChecksumError', 'malformed', true],
    ['BadResponse', 'malformed', true],
    ['NullResponse', 'malformed', true],
    ['BadSymbol', 'refused', false],
    ['BadRequest', 'refused', false],
    ['AuthenticationError', 'refused', false],
    ['PermissionDenied', 'refused', false],
    ['NotSupported', 'refused', false],
    ['ExchangeError', 'refused', false],
  ])('as %s is %s', (name, kind, passing) => {
    const fault = ccxtFault(new errors[name]('the venue\n said so'), 'bitstamp', 7_000);
    expect(fault).toMatchObject({ kind, passing, message: 'bitstamp: the venue said so' });
    expect(fault.retryAfterMs).toBe(kind === 'rate_limited' ? 7_000 : null);
  });

  it('while it takes an answer apart is malformed', () => {
    expect(ccxtFault(new TypeError('x of undefined'), 'bitstamp').kind).toBe('malformed');
    expect(ccxtFault('just text', 'bitstamp')).toMatchObject({
      kind: 'refused',
      message: 'bitstamp: just text',
    });
  });

  it('is passed on when it is a fault already', () => {
    const fault = new VenueFault('timeout', 'no answer');
    expect(ccxtFault(fault, 'bitstamp')).toBe(fault);
  });
});
