import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.js';

describe('Retry-After', () => {
  const nowMs = Date.parse('2024-03-05T12:00:00Z');
  it.each([
    ['7', 7_000],
    ['0', 0],
    ['Tue, 05 Mar 2024 12:00:30 GMT', 30_000],
    ['Tue, 05 Mar 2024 11:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', null],
    ['', null],
    [null, null],
  ])('of %j is %j ms', (header, ms) => expect(retryAfterMs(header, nowMs)).toBe(ms));
});
