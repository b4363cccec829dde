import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { originAllowed } from './origin.js';
import { readMessage } from './messages.js';

const subscribe = (channel: unknown, params?: unknown): ReturnType<typeof readMessage> =>
  readMessage(JSON.stringify({ op: 'subscribe', id: '1', channel, params }));

describe('what a stream client says', () => {
  it('names a topic by instrument, and by timeframe where there is one', () => {
    expect(subscribe('quotes', { instrument: 'BTC-USD.SIM' })).toEqual({
      op: 'subscribe',
      id: '1',
      topic: { channel: 'quotes', instrument: 'BTC-USD.SIM', timeframe: null, key: 'BTC-USD.SIM' },
      conflateMs: null,
    });
    expect(subscribe('candles', { instrument: 'BTC-USD.SIM', timeframe: '1m' })).toMatchObject({
      topic: { timeframe: '1m', key: 'BTC-USD.SIM:1m' },
    });
  });

  it('asks for a rhythm there is, or is told which there are', () => {
    const instrument = 'BTC-USD.SIM';
    expect(subscribe('quotes', { instrument, conflateMs: 250 })).toMatchObject({ conflateMs: 250 });
    for (const conflateMs of [0, -250, 300, '250', 1e9, {}]) {
      expect(subscribe('quotes', { instrument, conflateMs })).toEqual({
        code: 'STREAM_MESSAGE_INVALID',
        detail: 'params.conflateMs must be one of 100, 250, 500, 1000, 5000',
        id: '1',
      });
    }
  });

  it('may watch the server itself', () => {
    expect(subscribe('jobs')).toEqual({ op: 'subscribe-watch', id: '1', channel: 'jobs' });
    expect(subscribe('services', {})).toEqual({ op: 'subscribe-watch', id: '1', channel: 'services' });
  });

  it('resumes an account after the last event it has', () => {
    const accountId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
    expect(subscribe('account', { accountId, since: 7 })).toEqual({
      op: 'subscribe-account',
      id: '1',
      accountId,
      since: 7,
    });
    expect(subscribe('account', { accountId })).toMatchObject({ since: null });
    for (const since of [-1, 1.5, '7', null]) {
      expect(subscribe('account', { accountId, since })).toMatchObject({ code: 'STREAM_MESSAGE_INVALID' });
    }
  });

  it('signs in with a token or a ticket, not with both or neither', () => {
    expect(readMessage('{"op":"auth","token":"t"}')).toEqual({ op: 'auth', token: 't' });
    expect(readMessage('{"op":"auth","ticket":"t"}')).toEqual({ op: 'auth', ticket: 't' });
    expect(readMessage('{"op":"auth","ticket":"t","token":"t"}')).toHaveProperty('code');
    expect(readMessage('{"op":"auth"}')).toHaveProperty('code');
  });

  it('is understood or refused with a reason, whatever it is', () => {
    const params = fc.oneof(
      fc.jsonValue(),
      fc.record({ instrument: fc.string(), timeframe: fc.string(), accountId: fc.string() }),
    );
    const message = fc.oneof(
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc
        .record({
          op: fc.constantFrom('subscribe', 'auth', 'unsubscribe', 'x'),
          id: fc.jsonValue(),
          channel: fc.constantFrom('quotes', 'account', 'candles', 'x'),
          params,
        })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(message, (text) => {
        const read = readMessage(text);
        expect('op' in read || (read.code.startsWith('STREAM_') && read.detail.length > 5)).toBe(true);
      }),
    );
  });
});

describe('the origin of a page', () => {
  it.each([
    [undefined, 'desk.example', true],
    ['https://desk.example', 'desk.example', true],
    ['http://127.0.0.1:3000', '127.0.0.1:3000', true],
    ['https://listed.example', 'desk.example', true],
    ['https://listed.example.evil', 'desk.example', false],
    ['https://evil.example', 'desk.example', false],
    ['https://desk.example:8443', 'desk.example', false],
    ['null', 'desk.example', false],
    ['https://desk.example', undefined, false],
    ['', 'desk.example', false],
  ])('%s at host %s: %s', (origin, host, allowed) => {
    expect(originAllowed(origin, host, ['https://listed.example'])).toBe(allowed);
  });
});
