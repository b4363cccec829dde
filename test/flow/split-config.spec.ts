import { describe, expect, it } from 'vitest';
import { ConfigFault, type Fault, readConfigs } from '../../src/platform/config/config.js';
import { configClasses } from '../../src/server.js';

const DATABASE_URL = 'postgres://localhost/rrr';
const SERVICE_TOKEN = 'a token for services only';
const STATIC_SERVICES = 'data=http://a:1,ml=http://a:1,trading=http://a:1';

function faultsOf(environment: Record<string, string>): readonly Fault[] {
  try {
    readConfigs(configClasses, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults;
    throw error;
  }
}
const named = (environment: Record<string, string>): string[] =>
  faultsOf(environment)
    .map(({ variable }) => variable)
    .toSorted();

describe('the roles of a process', () => {
  it('are all of them, needing nothing else, or the two sides of a split, with what ties them together', () => {
    expect(named({})).toEqual([]);
    expect(named({ ROLES: 'gateway', DATABASE_URL, SERVICE_TOKEN, STATIC_SERVICES })).toEqual([]);
    expect(named({ ROLES: 'data,ml,trading', DATABASE_URL, SERVICE_TOKEN })).toEqual([]);
  });

  it('split without what ties them together are refused with everything that lacks, at once', () => {
    expect(named({ ROLES: 'gateway' })).toEqual(['DATABASE_URL', 'SERVICE_TOKEN', 'STATIC_SERVICES']);
    expect(named({ ROLES: 'trading,data,ml' })).toEqual(['DATABASE_URL', 'SERVICE_TOKEN']);
    expect(named({ ROLES: 'gateway', SERVICE_TOKEN: 'short' })).toEqual([
      'DATABASE_URL',
      'SERVICE_TOKEN',
      'STATIC_SERVICES',
    ]);
    for (const { variable, allowed } of faultsOf({ ROLES: 'gateway' })) {
      expect(allowed, variable).toMatch(/ROLES (splits|leaves)/);
    }
  });

  it('say which part has no address', () => {
    const given = { ROLES: 'gateway', DATABASE_URL, SERVICE_TOKEN };
    expect(faultsOf({ ...given, STATIC_SERVICES: 'data=http://a:1,trade=http://a:1' })).toEqual([
      {
        variable: 'STATIC_SERVICES',
        found: '"data=http://a:1,trade=http://a:1"',
        allowed:
          'data=URL,ml=URL,trading=URL: where the parts run that ROLES leaves out; ml, trading missing',
      },
    ]);
    expect(named({ ...given, STATIC_SERVICES: 'not pairs' })).toEqual(['STATIC_SERVICES']);
  });

  it('are refused where events would have to cross between data, ml and trading, or nothing has that name', () => {
    for (const ROLES of ['data', 'data,ml', 'data,data,ml', 'gateway,trading', 'kitchen', ',']) {
      expect(named({ ROLES, DATABASE_URL, SERVICE_TOKEN, STATIC_SERVICES }), ROLES).toEqual(['ROLES']);
    }
  });
});
