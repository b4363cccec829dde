import { configOf, env } from '../config/config.js';

const cidr = /^[0-9a-fA-F.:]+(\/\d{1,3})?$/;

/** Where the server listens and what it puts up with. */
export class HttpConfig extends configOf(
  {
    port: env.integer('PORT', {
      default: 3000,
      min: 0,
      max: 65535,
      about: 'Port to listen on; 0 takes a free one.',
    }),
    host: env.text('HOST', {
      default: '127.0.0.1',
      about: 'Address to listen on; 0.0.0.0 opens the server to the network.',
    }),
    bodyBytesMax: env.integer('BODY_BYTES_MAX', {
      default: 1_048_576,
      min: 1024,
      max: 268_435_456,
      about: 'Largest body of an ordinary request; streamed imports have their own limit.',
    }),
    requestSeconds: env.integer('REQUEST_SECONDS', {
      default: 300,
      min: 1,
      max: 86_400,
      about: 'Longest time a request may take to arrive as a whole.',
    }),
    idleSeconds: env.integer('IDLE_SECONDS', {
      default: 120,
      min: 1,
      max: 86_400,
      about: 'A connection on which nothing moves for so long is closed.',
    }),
    keepAliveSeconds: env.integer('KEEP_ALIVE_SECONDS', {
      default: 72,
      min: 1,
      max: 3600,
      about: 'A connection is kept so long for the next request; more than the proxy in front keeps its own.',
    }),
    trustedProxies: env.list('TRUSTED_PROXIES', {
      about:
        'Addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-* headers are believed; none by default.',
    }),
    drainSeconds: env.integer('DRAIN_SECONDS', {
      default: 0,
      min: 0,
      max: 60,
      about:
        'Between "not ready" and the refusal of requests at shutdown; at least one probe interval behind a balancer.',
    }),
  },
  ({ trustedProxies }) =>
    trustedProxies
      .filter((network) => !cidr.test(network))
      .map((network) => ({
        variable: 'TRUSTED_PROXIES',
        found: JSON.stringify(network),
        allowed: 'addresses or networks such as 10.0.0.0/8',
      })),
) {}
