import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, readPolicy, type Policy } from './gcra.js';

const policies = fc.record({
  quota: fc.integer({ min: 1, max: 1_000 }),
  windowMs: fc.integer({ min: 1, max: 600 }).map((seconds) => seconds * 1000),
});
const named = (policy: { quota: number; windowMs: number }): Policy => ({ name: 'test', ...policy });

/** Plays arrivals and answers the times at which requests were allowed. */
function allowedAt(policy: Policy, arrivalsMs: readonly number[]): number[] {
  let fullAtMs = 0;
  return arrivalsMs.filter((nowMs) => {
    const decision = decide(policy, fullAtMs, nowMs);
    fullAtMs = decision.fullAtMs;
    return decision.allowed;
  });
}

const arrivals = fc
  .array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 400 })
  .map((gaps) =>
    gaps.reduce<number[]>((times, gap) => [...times, (times.at(-1) ?? 1_000_000) + (gap % 977)], []),
  );

describe('the limiter', () => {
  it('allows exactly the quota at one moment, whatever the quota and window', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const burst = Array.from({ length: policy.quota + 5 }, () => 5_000);
        expect(allowedAt(named(policy), burst)).toHaveLength(policy.quota);
      }),
    );
  });

  it('never allows more in any span than the quota and what the rate gives back meanwhile', () => {
    fc.assert(
      fc.property(policies, arrivals, (policy, times) => {
        const allowed = allowedAt(named(policy), times);
        const perMs = policy.quota / policy.windowMs;
        for (let first = 0; first < allowed.length; first += 7) {
          for (let last = first; last < allowed.length; last += 5) {
            const spanMs = allowed[last] - allowed[first];
            expect(last - first + 1).toBeLessThanOrEqual(policy.quota + spanMs * perMs + 1e-3);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('never refuses who keeps to the rate', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 300 }), (policy, count) => {
        const stepMs = policy.windowMs / policy.quota;
        const steady = Array.from({ length: count }, (_, n) => 1_000 + n * stepMs);
        expect(allowedAt(named(policy), steady)).toHaveLength(count);
      }),
    );
  });

  it('says how many are left, and keeps its word', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 50 }), (policy, used) => {
        const rule = named(policy);
        let decision = decide(rule, 0, 5_000);
        for (let n = 1; n < Math.min(used, policy.quota); n += 1)
          decision = decide(rule, decision.fullAtMs, 5_000);
        let left = 0;
        let { fullAtMs } = decision;
        for (let next = decide(rule, fullAtMs, 5_000); next.allowed; next = decide(rule, fullAtMs, 5_000)) {
          left += 1;
          fullAtMs = next.fullAtMs;
        }
        expect(left).toBe(decision.remaining);
      }),
    );
  });

  it('says when to come back, and lets in then but not before', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const rule = named(policy);
        let decision = decide(rule, 0, 5_000);
        while (decision.allowed) decision = decide(rule, decision.fullAtMs, 5_000);
        expect(decision.retryMs).toBeGreaterThan(0);
        expect(decide(rule, decision.fullAtMs, 5_000 + decision.retryMs + 1e-3).allowed).toBe(true);
        expect(decide(rule, decision.fullAtMs, 5_000 + decision.retryMs * 0.9).allowed).toBe(false);
      }),
    );
  });

  it('does not punish a caller for being refused', () => {
    const rule = readPolicy('test', '2/10');
    const times = [0, 0, ...Array.from({ length: 100 }, (_, n) => n * 40), 5_000];
    expect(
      allowedAt(
        rule,
        times.map((t) => t + 1_000),
      ),
    ).toEqual([1_000, 1_000, 6_000]);
  });

  it('reads a rate as requests per seconds, and nothing else', () => {
    expect(readPolicy('orders', '100/10')).toEqual({ name: 'orders', quota: 100, windowMs: 10_000 });
    for (const text of ['100', '0/10', '100/0', '-1/10', '1.5/10', ''])
      expect(() => readPolicy('x', text)).toThrow(RangeError);
  });
});
