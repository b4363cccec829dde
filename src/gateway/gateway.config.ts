import { configOf, env } from '../platform/config/config.js';
import { passwordLengthMin } from './contract/identity.js';

const rate = { pattern: /^[1-9]\d{0,6}\/[1-9]\d{0,4}$/, says: 'requests/seconds, e.g. 100/10' };

/** The outward face: identity, limits, who may call from a browser, stream bounds. */
export class GatewayConfig extends configOf({
  adminPassword: env.secret('ADMIN_PASSWORD', {
    minLength: passwordLengthMin,
    about:
      'Password of the user `admin`, taken at the first start (later only while a generated one is still unchanged). ' +
      'Without it one is generated and printed once.',
  }),
  accessTokenSeconds: env.integer('ACCESS_TOKEN_SECONDS', {
    default: 900,
    min: 5,
    max: 86_400,
    about: 'Life of an access token.',
  }),
  sessionDays: env.integer('SESSION_DAYS', {
    default: 30,
    min: 1,
    max: 365,
    about: 'A session ends this many days after its sign-in, however often it was refreshed.',
  }),
  limitLogin: env.text('LIMIT_LOGIN', {
    ...rate,
    default: '30/60',
    about: 'Sign-ins per address, and per user and address.',
  }),
  limitAddress: env.text('LIMIT_ADDRESS', {
    ...rate,
    default: '300/60',
    about: 'Refreshes and requests without a valid token per address.',
  }),
  limitRead: env.text('LIMIT_READ', { ...rate, default: '3000/10', about: 'Reads per user.' }),
  limitWrite: env.text('LIMIT_WRITE', {
    ...rate,
    default: '300/10',
    about: 'Changes per user, orders aside.',
  }),
  limitOrders: env.text('LIMIT_ORDERS', {
    ...rate,
    default: '2000/10',
    about: 'Orders per user and account.',
  }),
  limitSafety: env.text('LIMIT_SAFETY', {
    ...rate,
    default: '1000/10',
    about: 'Cancels and halts per user; a quota of their own, which order flow cannot eat.',
  }),
  limitKeysMax: env.integer('LIMIT_KEYS_MAX', {
    default: 50_000,
    min: 100,
    max: 10_000_000,
    about: 'Most callers whose rate is remembered at a time.',
  }),
  corsOrigins: env.list('CORS_ORIGINS', {
    about: 'Origins of web pages that may call the API and open the stream, e.g. https://desk.example.com.',
  }),
  exportsRunningMax: env.integer('EXPORTS_RUNNING_MAX', {
    default: 4,
    min: 1,
    max: 100,
    about: 'Exports that may stream at the same time; more are refused.',
  }),
  streamClientsMax: env.integer('STREAM_CLIENTS_MAX', {
    default: 2_000,
    min: 1,
    max: 100_000,
    about: 'Most stream connections at a time.',
  }),
  streamSubscriptionsMax: env.integer('STREAM_SUBSCRIPTIONS_MAX', {
    default: 200,
    min: 1,
    max: 10_000,
    about: 'Most subscriptions of one stream connection.',
  }),
  streamMessagesPerSecond: env.integer('STREAM_MESSAGES_PER_SECOND', {
    default: 50,
    min: 1,
    max: 100_000,
    about: 'Messages a stream client may send each second, four seconds of them at once.',
  }),
  streamBufferBytesMax: env.integer('STREAM_BUFFER_BYTES_MAX', {
    default: 4_194_304,
    min: 4_096,
    max: 1_073_741_824,
    about:
      'Unsent bytes past which a stream client with account events is closed (4008); market channels are conflated from a quarter of it.',
  }),
}) {}
