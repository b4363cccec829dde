import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forgivenMs, isGenuine, judgeRefresh, parseRefreshToken, refreshToken } from './refresh-token.js';

const key = createSecretKey(Buffer.alloc(32, 1));
const otherKey = createSecretKey(Buffer.alloc(32, 2));
const family = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const open = { generation: 5, rotatedMs: 1_000, expiresMs: 1_000_000, revokedMs: null };

describe('a refresh token', () => {
  it('is the same each time it is told, and another for every number, family and key', () => {
    const tokens = [
      refreshToken(key, family, 1),
      refreshToken(key, family, 2),
      refreshToken(key, '01ARZ3NDEKTSV4RRFFQ69G5FAW', 1),
      refreshToken(otherKey, family, 1),
    ];
    expect(refreshToken(key, family, 1)).toBe(tokens[0]);
    expect(new Set(tokens).size).toBe(4);
  });

  it('is genuine only as it was made', () => {
    const token = parseRefreshToken(refreshToken(key, family, 7))!;
    expect(token).toMatchObject({ family, generation: 7 });
    expect(isGenuine(key, token)).toBe(true);
    expect(isGenuine(otherKey, token)).toBe(false);
    expect(isGenuine(key, { ...token, generation: 8 })).toBe(false);
    expect(isGenuine(key, { ...token, family: '01ARZ3NDEKTSV4RRFFQ69G5FAW' })).toBe(false);
  });

  it('has one shape, and anything else is none', () => {
    const whole = refreshToken(key, family, 1);
    for (const text of [
      `${whole}x`,
      ` ${whole}`,
      whole.replace('.1.', '.01.'),
      whole.replace('.1.', '.-1.'),
      '',
      '..',
    ]) {
      expect(parseRefreshToken(text)).toBeNull();
    }
  });

  it('rotates when it is the newest', () => {
    expect(judgeRefresh({ generation: 5 }, open, 2_000)).toBe('rotate');
  });

  it('is forgiven for ten seconds when it is the one before, and never when it is older or too new', () => {
    expect(judgeRefresh({ generation: 4 }, open, 1_000 + forgivenMs)).toBe('repeat');
    expect(judgeRefresh({ generation: 4 }, open, 1_001 + forgivenMs)).toBe('reused');
    const strange = fc.integer({ min: 1, max: 100 }).filter((n) => n !== 4 && n !== 5);
    fc.assert(fc.property(strange, (generation) => judgeRefresh({ generation }, open, 1_500) === 'reused'));
  });

  it('is worth nothing once the session has ended or run out', () => {
    for (const generation of [3, 4, 5]) {
      expect(judgeRefresh({ generation }, { ...open, revokedMs: 900 }, 1_500)).toBe('ended');
      expect(judgeRefresh({ generation }, open, open.expiresMs)).toBe('ended');
    }
  });
});
