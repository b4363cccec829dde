import { describe, expect, it } from 'vitest';
import { commitSurelyFailed, isUniqueViolation, sqlErrorKind, sqlStateOf } from './sql-error.js';

const answered = (code: string, more: object = {}): Error =>
  Object.assign(new Error('said the server'), { code, ...more });
const neverAnswered = [
  new Error('Connection terminated unexpectedly'),
  answered('ECONNRESET'),
  answered('EPIPE'),
];

describe('errors of the database', () => {
  it.each([
    ['23505', 'constraint'],
    ['40001', 'serialization'],
    ['40P01', 'serialization'],
    ['57014', 'timeout'],
    ['55P03', 'timeout'],
    ['53100', 'space'],
    ['57P01', 'connection'],
    ['08006', 'connection'],
    ['42P01', 'statement'],
    ['22P02', 'statement'],
    ['P0001', 'other'],
  ])('SQLSTATE %s is counted as %s', (state, kind) => {
    expect(sqlErrorKind(answered(state))).toBe(kind);
  });

  it('without an answer of the server are counted as connection', () => {
    for (const error of neverAnswered)
      expect([sqlErrorKind(error), sqlStateOf(error)]).toEqual(['connection', null]);
  });

  it('name a unique index that refused a row', () => {
    const error = answered('23505', { constraint: 'orders_client_id' });
    expect(isUniqueViolation(error)).toBe(true);
    expect(isUniqueViolation(error, 'orders_client_id')).toBe(true);
    expect(isUniqueViolation(error, 'orders_pkey')).toBe(false);
    expect(isUniqueViolation(answered('23503'))).toBe(false);
  });

  it('leave a commit unknown unless the server itself refused it', () => {
    for (const state of ['40001', '23503', '25P02', '57014'])
      expect(commitSurelyFailed(answered(state))).toBe(true);
    for (const state of ['57P01', '57P02', '08006', 'XX000', '58030']) {
      expect(commitSurelyFailed(answered(state))).toBe(false);
    }
    for (const error of neverAnswered) expect(commitSurelyFailed(error)).toBe(false);
  });
});
