import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.js';
import { RateBudget } from './rate-budget.js';

describe('a rate budget', () => {
  it('lets its weight through at once and the rest as it refills', () => {
    const budget = new RateBudget(100, 1_000);
    expect(budget.waitMs(60, 0)).toBe(0);
    budget.spend(60, 0);
    expect(budget.waitMs(60, 0)).toBe(200);
    expect(budget.waitMs(60, 150)).toBe(50);
    expect(budget.waitMs(60, 200)).toBe(0);
  });

  it('never saves up more than its capacity', () => {
    const budget = new RateBudget(100, 1_000);
    budget.spend(100, 60_000);
    expect(budget.waitMs(1, 60_000)).toBe(10);
  });

  it('lets a call through that weighs more than all of it, once it is full', () => {
    const budget = new RateBudget(10, 1_000);
    expect(budget.waitMs(50, 0)).toBe(0);
    budget.spend(50, 0);
    expect(budget.waitMs(1, 0)).toBe(4_100);
  });

  it('believes the venue when it counted more', () => {
    const budget = new RateBudget(100, 1_000);
    budget.reported(95, 0);
    expect(budget.waitMs(10, 0)).toBe(50);
    budget.reported(0, 0);
    expect(budget.waitMs(10, 0)).toBe(50);
  });

  it('rests as long as the venue asked for', () => {
    const budget = new RateBudget(100, 1_000);
    budget.pause(5_000, 0);
    budget.pause(1_000, 0);
    expect(budget.waitMs(1, 1_000)).toBe(4_000);
    expect(budget.waitMs(1, 5_000)).toBe(0);
  });
});

describe('a wait before the next attempt', () => {
  const backoff = { firstMs: 100, maxMs: 1_000 };
  it('doubles up to its most, and half of it is chance', () => {
    expect([0, 1, 2, 3, 4, 99].map((attempt) => backoffMs(backoff, attempt, 0))).toEqual([
      50, 100, 200, 400, 500, 500,
    ]);
    expect(backoffMs(backoff, 2, 0.999)).toBe(400);
  });
});
