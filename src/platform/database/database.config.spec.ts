import { describe, expect, it } from 'vitest';
import { readConfigs } from '../config/config.js';
import { DatabaseConfig } from './database.config.js';

describe('the database settings', () => {
  it('keep to the sessions the embedded server has, and leave a server of your own its own limits', () => {
    const read = (environment: Record<string, string>) => readConfigs([DatabaseConfig], environment)[0];
    expect(read({}).poolSizeMax).toBeLessThanOrEqual(48);
    expect(() => read({ DATABASE_POOL_SIZE: '49' })).toThrow('at most 48 without DATABASE_URL');
    expect(read({ DATABASE_POOL_SIZE: '49', DATABASE_URL: 'postgres://db/x' }).poolSizeMax).toBe(49);
  });
});
