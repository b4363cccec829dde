import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineText } from './line-text.js';
import { redacted } from './redact.js';

const time = ',"time":"2026-01-02T03:04:05.678Z"';

describe('a line made by hand', () => {
  it('is the object that the log writes otherwise', () => {
    const text = lineText([['part', 'http']], ['route', 'status', 'ms', 'userId'], 'request');
    expect(text(time, ['/v1/orders/:id', 200, 1.25, undefined])).toBe(
      `{"level":"info"${time},"part":"http","route":"/v1/orders/:id","status":200,"ms":1.25,"message":"request"}\n`,
    );
  });

  it('reads back whatever the values are, on one line', () => {
    const text = lineText([], ['a', 'b'], 'said');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double(), (a, b) => {
        const line = text(time, [a, b]);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const { a: readA, b: readB } = JSON.parse(line) as Record<string, unknown>;
        expect(readA).toBe(redacted({ a }).a);
        expect(readB).toBe(Number.isFinite(b) ? JSON.parse(JSON.stringify(b)) : null);
      }),
    );
  });

  it('masks what is secret, by its name and inside a text', () => {
    const text = lineText([], ['token', 'route'], 'request');
    const line = text(time, ['abcdef', 'Bearer abcdef and postgres://me:abcdef@host/']);
    expect(line).not.toContain('abcdef');
    expect(JSON.parse(line)).toMatchObject({ token: '***', route: 'Bearer *** and postgres://me:***@host/' });
  });
});
