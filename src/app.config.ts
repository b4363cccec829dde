import { configOf, env } from './platform/config/config.js';

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
    if (!roles.every((role) => (partNames as readonly string[]).includes(role)) || roles.length === 0) {
      return [{ variable: 'ROLES', found, allowed: `a list of ${partNames.join(', ')}` }];
    }
    const behind = roles.filter((role) => role !== 'gateway').length;
    // Events between data, ml and trading stay inside a process (docs/adr/0004).
    return behind === 0 || behind === 3
      ? []
      : [{ variable: 'ROLES', found, allowed: 'with data, ml and trading together, or gateway alone' }];
  },
) {}
