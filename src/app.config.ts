import { configOf, env, type Fault } from './platform/config/config.js';
import { DatabaseConfig } from './platform/database/database.config.js';
import { RpcConfig } from './platform/rpc/rpc.config.js';
import { parseStaticServices } from './platform/rpc/static-services.js';

export const partNames = ['data', 'ml', 'trading', 'gateway'] as const;
export type Part = (typeof partNames)[number];

/** Which parts this process runs. */
export class AppConfig extends configOf(
  {
    roles: env.list('ROLES', {
      default: [...partNames],
      about: `Parts that this process runs: ${partNames.join(', ')}. What is left out is called at STATIC_SERVICES.`,
    }),
  },
  ({ roles }) => {
    const found = JSON.stringify(roles.join(','));
    if (!areParts(roles)) return [{ variable: 'ROLES', found, allowed: `a list of ${partNames.join(', ')}` }];
    const behind = new Set(roles.filter((role) => role !== 'gateway')).size;
    // Events between data, ml and trading stay inside a process (docs/adr/0004).
    return behind === 0 || behind === 3
      ? []
      : [{ variable: 'ROLES', found, allowed: 'with data, ml and trading together, or gateway alone' }];
  },
) {}

function areParts(roles: readonly string[]): boolean {
  return roles.length > 0 && roles.every((role) => (partNames as readonly string[]).includes(role));
}

function leavesOut(roles: readonly string[]): readonly Part[] {
  return areParts(roles) ? partNames.filter((part) => !roles.includes(part)) : [];
}

const { roles } = AppConfig.settings;

/** What a process that leaves parts out needs besides; a class for each, so that one fault hides no other. */
class SplitToken extends configOf(
  { roles, serviceToken: RpcConfig.settings.serviceToken },
  ({ roles, serviceToken }) =>
    leavesOut(roles).length === 0 || serviceToken !== undefined
      ? []
      : [missing('SERVICE_TOKEN', 'a secret of at least 16 characters, the same in all of them')],
) {}

class SplitDatabase extends configOf(
  { roles, databaseUrl: DatabaseConfig.settings.databaseUrl },
  ({ roles, databaseUrl }) =>
    leavesOut(roles).length === 0 || databaseUrl !== undefined
      ? []
      : [
          missing(
            'DATABASE_URL',
            'a URL starting with postgres:// or postgresql://, the same in all of them',
          ),
        ],
) {}

class SplitServices extends configOf(
  { roles, staticServices: RpcConfig.settings.staticServices },
  ({ roles, staticServices }) => {
    const services = parseStaticServices(staticServices);
    // Nobody calls the gateway; and what does not read at all is RpcConfig's to say.
    const needed = roles.includes('gateway') ? leavesOut(roles) : [];
    const lacking = services === null ? [] : needed.filter((part) => !services.has(part));
    if (lacking.length === 0) return [];
    const allowed = `${needed.map((part) => `${part}=URL`).join(',')}: where the parts run that ROLES leaves out; ${lacking.join(', ')} missing`;
    const found = staticServices.length === 0 ? null : JSON.stringify(staticServices.join(','));
    return [{ variable: 'STATIC_SERVICES', found, allowed }];
  },
) {}

export const splitConfigs = [SplitToken, SplitDatabase, SplitServices] as const;

function missing(variable: string, what: string): Fault {
  return { variable, found: null, allowed: `${what}, since ROLES splits the parts over processes` };
}
