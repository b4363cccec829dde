import { configOf, env } from '../config/config.js';
import { parseStaticServices, staticServicesSay } from './static-services.js';

/** How the parts of a split deployment speak with each other; a process that runs all of them needs none of it. */
export class RpcConfig extends configOf(
  {
    serviceToken: env.secret('SERVICE_TOKEN', {
      minLength: 16,
      about: 'Shared by all processes of one deployment; needed as soon as ROLES leaves a part out.',
    }),
    staticServices: env.list('STATIC_SERVICES', {
      about: `Where the parts run that are not in this process: ${staticServicesSay}.`,
    }),
    callMs: env.integer('RPC_CALL_MS', {
      default: 10_000,
      min: 10,
      max: 600_000,
      about: 'Longest time a call to another process may take, in ms.',
    }),
  },
  ({ staticServices }) =>
    parseStaticServices(staticServices) === null
      ? [
          {
            variable: 'STATIC_SERVICES',
            found: JSON.stringify(staticServices.join(',')),
            allowed: staticServicesSay,
          },
        ]
      : [],
) {}
