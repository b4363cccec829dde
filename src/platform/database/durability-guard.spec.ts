import { describe, expect, it } from 'vitest';
import { BootFault } from '../boot-fault.js';
import { guardDurability, guardVersion } from './durability-guard.js';

const safe = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

describe('the durability guard', () => {
  it.each(['on', 'local', 'remote_write', 'remote_apply'])('trusts a commit that waits as %s', (level) => {
    expect(() => guardDurability({ ...safe, synchronous_commit: level })).not.toThrow();
  });

  it.each(['fsync', 'synchronous_commit', 'full_page_writes'] as const)(
    'refuses to trade with %s off, and says what was found and what is needed',
    (name) => {
      const trade = () => guardDurability({ ...safe, [name]: 'off' });
      expect(trade).toThrow(BootFault);
      expect(trade).toThrow(`${name} is off`);
      expect(trade).toThrow(`needed: ${name}=on`);
      expect(trade).toThrow(`ALTER SYSTEM RESET ${name}`);
    },
  );

  it('names every unsafe setting at once', () => {
    expect(() =>
      guardDurability({ fsync: 'off', synchronous_commit: 'on', full_page_writes: 'off' }),
    ).toThrow('fsync is off, full_page_writes is off');
  });
});

describe('the version guard', () => {
  it('takes PostgreSQL from 15 on, and names what it found otherwise', () => {
    for (const version of [150_000, 180_004]) expect(() => guardVersion(version)).not.toThrow();
    expect(() => guardVersion(140_012)).toThrow(
      'the database is PostgreSQL 14\n  needed: PostgreSQL 15 or later',
    );
  });
});
