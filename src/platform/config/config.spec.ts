import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ConfigFault, configOf, env, readConfigs, Secret } from './config.js';
import { documentedSettings, misspellings } from './documented.js';

class DoorConfig extends configOf({
  port: env.integer('PORT', { default: 3000, min: 0, max: 65535, about: 'Port to listen on.' }),
  host: env.text('HOST', { default: '127.0.0.1', about: 'Address to listen on.' }),
  roles: env.list('ROLES', {
    of: ['data', 'trading'],
    default: ['data', 'trading'],
    about: 'Parts that run here.',
  }),
  level: env.oneOf('LOG_LEVEL', ['debug', 'info'], {
    default: 'info',
    about: 'Least level that is written.',
  }),
  collar: env.float('PRICE_COLLAR', { default: 0.05, min: 0, max: 1, about: 'Ratio.' }),
  docs: env.flag('DOCS', { default: true, about: 'Serve the explorer.' }),
}) {}

class StoreConfig extends configOf({
  url: env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'], about: 'Where the database is.' }),
  token: env.secret('SERVICE_TOKEN', { minLength: 16, about: 'Between roles.' }),
  name: env.text('STORE_NAME', { required: true, about: 'Name of the store.' }),
}) {}

function thrownBy(act: () => unknown): ConfigFault {
  try {
    act();
  } catch (fault) {
    if (fault instanceof ConfigFault) return fault;
  }
  throw new Error('nothing was refused');
}

describe('the configuration', () => {
  it('takes the defaults when nothing is set, and treats an empty variable as not set', () => {
    const [door] = readConfigs([DoorConfig], { PORT: '' });
    expect({ ...door }).toEqual({
      port: 3000,
      host: '127.0.0.1',
      roles: ['data', 'trading'],
      level: 'info',
      collar: 0.05,
      docs: true,
    });
    expect(door).toBeInstanceOf(DoorConfig);
  });

  it('reads each kind of value from its text', () => {
    const [door, store] = readConfigs([DoorConfig, StoreConfig], {
      PORT: '0',
      ROLES: ' data, ,',
      LOG_LEVEL: 'debug',
      PRICE_COLLAR: '0.1',
      DOCS: 'off',
      DATABASE_URL: 'postgres://me:hunter2@db/x',
      SERVICE_TOKEN: 'a-long-enough-token',
      STORE_NAME: 'main',
    });
    expect({ ...door }).toMatchObject({ port: 0, roles: ['data'], level: 'debug', collar: 0.1, docs: false });
    expect(store.url).toBe('postgres://me:hunter2@db/x');
    expect(store.token?.reveal()).toBe('a-long-enough-token');
  });

  it('types a value as optional only when it has neither default nor must', () => {
    expectTypeOf<DoorConfig['port']>().toEqualTypeOf<number>();
    expectTypeOf<DoorConfig['level']>().toEqualTypeOf<'debug' | 'info'>();
    expectTypeOf<DoorConfig['roles']>().toEqualTypeOf<readonly ('data' | 'trading')[]>();
    expectTypeOf<StoreConfig['url']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<StoreConfig['token']>().toEqualTypeOf<Secret | undefined>();
    expectTypeOf<StoreConfig['name']>().toEqualTypeOf<string>();
    expect(new DoorConfig({ port: 1 }).port).toBe(1);
  });

  it('reports every fault of every class at once, and no secret among them', () => {
    const read = () =>
      readConfigs([DoorConfig, StoreConfig], {
        PORT: '70000',
        ROLES: 'data,kitchen',
        PRICE_COLLAR: '1e-2',
        DATABASE_URL: 'mysql://me:hunter2@db/x',
        SERVICE_TOKEN: 'hunter3',
      });
    const { faults, message } = thrownBy(read);
    expect(faults.map((f) => f.variable)).toEqual([
      'PORT',
      'ROLES',
      'PRICE_COLLAR',
      'DATABASE_URL',
      'SERVICE_TOKEN',
      'STORE_NAME',
    ]);
    expect(message).toContain('PORT is "70000"; it must be an integer from 0 to 65535');
    expect(message).toContain('STORE_NAME is not set');
    expect(message).not.toMatch(/hunter/);
  });

  it('lets a class say what must hold between its settings', () => {
    const Pair = configOf(
      {
        low: env.integer('LOW', { default: 1, about: 'Low.' }),
        high: env.integer('HIGH', { default: 2, about: 'High.' }),
      },
      ({ low, high }) =>
        low <= high ? [] : [{ variable: 'LOW', found: String(low), allowed: 'at most HIGH' }],
    );
    expect(() => readConfigs([Pair], { LOW: '3' })).toThrow('LOW is 3; it must be at most HIGH');
    expect(readConfigs([Pair], { HIGH: '5' })[0].high).toBe(5);
  });

  it('prints secrets as three stars however it is printed', () => {
    const secret = new Secret('hunter2');
    const [store] = readConfigs([StoreConfig], {
      DATABASE_URL: 'postgres://me:hunter2@db/x',
      SERVICE_TOKEN: 'hunter2-hunter2-hunter2',
      STORE_NAME: 'main',
    });
    const printed = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret, store }),
      inspect({ secret, store }, { showHidden: true, depth: 9 }),
    ];
    for (const text of printed) {
      expect(text).toContain('***');
      expect(text).not.toContain('hunter2');
    }
  });

  it('lists every variable once with default and meaning', () => {
    const rows = documentedSettings([DoorConfig, StoreConfig, DoorConfig]);
    expect(rows).toHaveLength(9);
    expect(rows[0]).toEqual({
      variable: 'PORT',
      about: 'Port to listen on.',
      allowed: 'an integer from 0 to 65535',
      default: '3000',
      required: false,
      secret: false,
    });
    const Other = configOf({ port: env.integer('PORT', { default: 1, about: 'Another meaning.' }) });
    expect(() => documentedSettings([DoorConfig, Other])).toThrow(/PORT means one thing/);
  });

  it('finds a misspelt variable, and leaves known, short and unlike ones alone', () => {
    const known = ['DATABASE_URL', 'PORT', 'LOG_LEVEL'];
    const set = { DATABSE_URL: 'x', LOG_LEVLE: 'x', POST: 'x', HOME: 'x', PORT: '1', LOG_LEVELS: 'x' };
    expect(misspellings(known, set).map((m) => [m.found, m.meant])).toEqual([
      ['DATABSE_URL', 'DATABASE_URL'],
      ['LOG_LEVLE', 'LOG_LEVEL'],
      ['LOG_LEVELS', 'LOG_LEVEL'],
    ]);
    expect(misspellings(known, { DATABSE_URL: 'x', DATABASE_URL: 'y' })).toEqual([]);
  });
});
