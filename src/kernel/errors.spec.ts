import { describe, expect, it } from 'vitest';
import { defineProblems, problem, problemKinds } from './errors.js';
import { invariant, InvariantViolation } from './invariant.js';

const kinds = {
  SPEC_NOTIONAL_TOO_LARGE: { status: 422, title: 'Order too large', retryable: false },
} as const;
const denied = defineProblems(kinds);

describe('a problem', () => {
  it('goes out as a problem document with its code, its faults and its numbers', () => {
    const document = denied('SPEC_NOTIONAL_TOO_LARGE', {
      detail: 'notional is 12500; at most 10000 is allowed; send a smaller order',
      errors: [{ pointer: '/quantity', detail: 'too large' }],
      facts: { notional: '12500', limit: '10000' },
    }).toDocument();
    expect(document).toEqual({
      type: '/docs/errors#spec_notional_too_large',
      title: 'Order too large',
      status: 422,
      detail: 'notional is 12500; at most 10000 is allowed; send a smaller order',
      code: 'SPEC_NOTIONAL_TOO_LARGE',
      retryable: false,
      errors: [{ pointer: '/quantity', detail: 'too large' }],
      notional: '12500',
      limit: '10000',
    });
  });

  it('never lets a fact hide what the document itself says', () => {
    const facts = { status: 'open', type: 'limit', code: 'X', title: 'T', detail: 'D', retryable: true };
    const document = denied('SPEC_NOTIONAL_TOO_LARGE', { detail: 'no', facts }).toDocument();
    expect(document).toMatchObject({
      status: 422,
      code: 'SPEC_NOTIONAL_TOO_LARGE',
      detail: 'no',
      retryable: false,
    });
    expect(document.title).toBe('Order too large');
    expect(document.type).toBe('/docs/errors#spec_notional_too_large');
  });

  it('is an error whose message names code and detail', () => {
    const fault = problem('REQUEST_NOT_FOUND', { detail: 'no order o-1' });
    expect(fault).toBeInstanceOf(Error);
    expect(String(fault)).toBe('Problem: REQUEST_NOT_FOUND: no order o-1');
    expect(fault.status).toBe(404);
  });

  it('has a code that means one thing: declaring it again otherwise is a fault of the program', () => {
    expect(() => defineProblems(kinds)).not.toThrow();
    expect(() =>
      defineProblems({
        SPEC_NOTIONAL_TOO_LARGE: { status: 400, title: 'Order too large', retryable: false },
      }),
    ).toThrow(InvariantViolation);
    expect(problemKinds().get('SPEC_NOTIONAL_TOO_LARGE')).toEqual(kinds.SPEC_NOTIONAL_TOO_LARGE);
  });

  it('has codes, statuses and titles fit for documentation', () => {
    for (const [code, kind] of problemKinds()) {
      expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/);
      expect(kind.status).toBeGreaterThanOrEqual(400);
      expect(kind.status).toBeLessThan(600);
      expect(kind.title).toMatch(/^[A-Z].*[^.]$/);
    }
  });
});

describe('an invariant', () => {
  it('passes silently, or throws with its promise and the facts', () => {
    expect(() => invariant(true, 'ledger entries balance')).not.toThrow();
    expect(() => invariant(false, 'ledger entries balance', { asset: 'USD' })).toThrow(
      'invariant broken: ledger entries balance {"asset":"USD"}',
    );
  });

  it('tells its facts even when they are big integers', () => {
    expect(() => invariant(false, 'fits', { coefficient: 10n ** 20n })).toThrow(
      '{"coefficient":"100000000000000000000"}',
    );
  });
});
