import { describe, expect, it } from 'vitest';
import { Secret } from '../config/secret.js';
import { humanLine } from './human-line.js';
import { redacted } from './redact.js';

describe('what may be written down', () => {
  it('masks whatever is named like a secret, at any depth and in any case', () => {
    const facts = {
      Authorization: 'Bearer abc',
      cookie: 'sid=1',
      user: { password: 'hunter2', apiKey: 'k', 'x-api-key': 'k', refreshToken: ['hunter2'], name: 'ann' },
      list: [{ clientSecret: 'hunter2' }],
      masterKey: new Secret('hunter2'),
    };
    expect(redacted(facts)).toEqual({
      Authorization: '***',
      cookie: '***',
      user: { password: '***', apiKey: '***', 'x-api-key': '***', refreshToken: '***', name: 'ann' },
      list: [{ clientSecret: '***' }],
      masterKey: '***',
    });
  });

  it('masks passwords and tokens inside texts, errors and their causes', () => {
    const cause = new Error('cannot reach postgres://me:hunter2@db/x');
    const error = new Error('asked with Bearer hunter2 and eyJhbGciOi.eyJzdWIi.c2ln', { cause });
    const text = JSON.stringify(redacted({ error, url: 'redis://:hunter2@cache:6379' }));
    expect(text).not.toMatch(/hunter2|eyJhbGciOi/);
    expect(text).toContain('postgres://me:***@db/x');
    expect(text).toContain('"stack"');
  });

  it('keeps numbers, counts of tokens, and what is only similar to a secret', () => {
    expect(redacted({ tokens: 5, passes: 'two', quantity: '0.5', none: null, big: 10n })).toEqual({
      tokens: 5,
      passes: 'two',
      quantity: '0.5',
      none: null,
      big: '10',
    });
  });

  it('is bounded in depth, items and length, and survives a circle', () => {
    const circle: Record<string, unknown> = { name: 'round' };
    circle.self = circle;
    const text = JSON.stringify(
      redacted({ circle, many: Array.from({ length: 5000 }, (_, n) => n), long: 'x'.repeat(100_000) }),
    );
    expect(text).toContain('[deeper]');
    expect(text).toContain('[4900 more]');
    expect(text.length).toBeLessThan(12_000);
  });
});

describe('a line for people', () => {
  const entry = {
    level: 'info',
    time: '2023-01-01T12:34:56.789Z',
    part: 'desk',
    message: 'order filled',
    quantity: '0.5',
    note: 'two words',
  };

  it('reads time, level, part, sentence and facts', () => {
    expect(humanLine(entry, false)).toBe(
      '12:34:56.789 INFO  [desk] order filled quantity=0.5 note="two words"\n',
    );
  });

  it('puts the stack of an error below it, and paints only when asked', () => {
    const fault = { type: 'Error', message: 'no', stack: 'Error: no\n    at here' };
    const lines = humanLine({ ...entry, level: 'error', error: fault }, false).split('\n');
    expect(lines[0]).toContain('error="no"');
    expect(lines[2]).toBe('        at here');
    expect(humanLine(entry, true)).toContain('\u001b[32m');
  });
});
