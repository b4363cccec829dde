import { Injectable } from '@nestjs/common';
import { Metrics, type Counter, type Histogram } from '../kernel/metrics.js';

export type LoginOutcome = 'succeeded' | 'refused' | 'throttled' | 'overloaded';
export type TokenEvent = 'issued' | 'verified' | 'refused' | 'expired' | 'refreshed' | 'repeated' | 'reused';

/** Families of the outward face. HTTP requests themselves are counted by the platform. */
@Injectable()
export class GatewayMetrics {
  readonly logins: Counter<'outcome'>;
  readonly passwordSeconds: Histogram;
  readonly tokens: Counter<'event'>;
  readonly sessionsRevoked: Counter<'because'>;
  readonly limiter: Counter<'policy' | 'decision'>;
  readonly limiterForgotten: Counter;
  readonly idempotency: Counter<'outcome'>;
  readonly streamSerialised: Counter<'channel'>;
  readonly streamFrames: Counter<'channel'>;
  readonly streamConflated: Counter<'channel'>;
  readonly streamClosed: Counter<'reason'>;

  constructor(private readonly metrics: Metrics) {
    this.logins = metrics.counter<'outcome'>({
      name: 'gateway_logins_total',
      help: 'Sign-ins by outcome.',
      labels: ['outcome'],
    });
    this.passwordSeconds = metrics.histogram({
      name: 'gateway_password_hash_seconds',
      help: 'Time to hash or check a password, waiting for a free place included.',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    });
    this.tokens = metrics.counter<'event'>({
      name: 'gateway_tokens_total',
      help: 'Access tokens issued, verified (once each), refused and expired; refresh tokens rotated, repeated, reused.',
      labels: ['event'],
    });
    this.sessionsRevoked = metrics.counter<'because'>({
      name: 'gateway_sessions_revoked_total',
      help: 'Sessions ended before their time, by reason.',
      labels: ['because'],
    });
    this.limiter = metrics.counter<'policy' | 'decision'>({
      name: 'gateway_rate_limit_decisions_total',
      help: 'Requests let through and refused, by policy.',
      labels: ['policy', 'decision'],
    });
    this.limiterForgotten = metrics.counter({
      name: 'gateway_rate_limit_forgotten_total',
      help: 'Callers whose rate was forgotten early because too many were remembered.',
    });
    this.idempotency = metrics.counter<'outcome'>({
      name: 'gateway_idempotency_total',
      help: 'Requests with an Idempotency-Key: first, replayed, in-flight, reused, unknown.',
      labels: ['outcome'],
    });
    this.streamSerialised = metrics.counter<'channel'>({
      name: 'gateway_stream_serialised_total',
      help: 'Frames made, by channel: once each, however many clients are handed it.',
      labels: ['channel'],
    });
    this.streamFrames = metrics.counter<'channel'>({
      name: 'gateway_stream_frames_total',
      help: 'Frames handed to stream clients, by channel.',
      labels: ['channel'],
    });
    this.streamConflated = metrics.counter<'channel'>({
      name: 'gateway_stream_conflated_total',
      help: 'Frames a slow client did not get because a fresh snapshot replaces them.',
      labels: ['channel'],
    });
    this.streamClosed = metrics.counter<'reason'>({
      name: 'gateway_stream_closed_total',
      help: 'Stream connections closed, by reason.',
      labels: ['reason'],
    });
  }

  cachedTokens(read: () => number): void {
    this.metrics.observed(
      { name: 'gateway_token_cache_entries', help: 'Access tokens whose signature is remembered.' },
      read,
    );
  }

  limiterKeys(read: () => number): void {
    this.metrics.observed(
      { name: 'gateway_rate_limit_keys', help: 'Callers whose rate is remembered.' },
      read,
    );
  }

  identity(read: { ageSeconds: () => number; users: () => number; revoked: () => number }): void {
    this.metrics.observed(
      { name: 'gateway_identity_age_seconds', help: 'Time since users and sessions were last reread.' },
      read.ageSeconds,
    );
    this.metrics.observed(
      {
        name: 'gateway_identity_entries',
        help: 'Users and ended sessions held in memory.',
        labels: ['kind'],
      },
      () => [
        { value: read.users(), labels: { kind: 'users' } },
        { value: read.revoked(), labels: { kind: 'revoked-sessions' } },
      ],
    );
  }

  stream(read: {
    clients: () => number;
    subscriptions: () => number;
    topics: () => number;
    unsentBytes: () => number;
  }): void {
    this.metrics.observed({ name: 'gateway_stream_clients', help: 'Open stream connections.' }, read.clients);
    this.metrics.observed(
      { name: 'gateway_stream_subscriptions', help: 'Subscriptions of all stream connections.' },
      read.subscriptions,
    );
    this.metrics.observed(
      { name: 'gateway_stream_topics', help: 'Channel and key pairs somebody listens to.' },
      read.topics,
    );
    this.metrics.observed(
      { name: 'gateway_stream_unsent_bytes', help: 'Bytes that stream clients have not taken yet.' },
      read.unsentBytes,
    );
  }
}
