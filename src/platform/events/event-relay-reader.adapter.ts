import { type ClientRequest, type IncomingMessage, get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { type EventBus, liveSession, type SourceConnected } from '../../kernel/events.js';
import type { Log } from '../../kernel/log.js';
import type { Metrics } from '../../kernel/metrics.js';
import type { Random } from '../../kernel/random.js';
import type { Clock } from '../../kernel/time.js';
import type { Secret } from '../config/secret.js';
import { backoffMs, readLine, relayPath } from './event-relay.js';
import { type RelayReaderMetrics, relayReaderMetrics } from './events.metrics.js';

/** A source that says nothing for so long, not even that it lives, is given up. */
const silentMsMax = 5_000;
/** A batch of the market is some KiB; what is longer was not written by us. */
const lineLengthMax = 4 * 1024 * 1024;

export interface RelayReaderParts {
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Publishes here what other processes publish there, and never passes it on. Connects to each source for as long as it
 * runs; each time it has a connection it publishes `events.source-connected`, so that consumers look for what they missed.
 */
export class EventRelayReader {
  private readonly sources: Source[];

  constructor(
    baseUrls: readonly string[],
    options: { token: Secret; types: readonly string[] },
    parts: RelayReaderParts,
  ) {
    const metrics = relayReaderMetrics(parts.metrics, () => {
      const connected = this.sources.filter((source) => source.connected).length;
      return { connected, disconnected: this.sources.length - connected };
    });
    const log = parts.log.of('events.relay');
    this.sources = [...new Set(baseUrls)].map((url) => new Source(url, options, { ...parts, log }, metrics));
  }

  start(): void {
    for (const source of this.sources) source.connect();
  }

  close(): void {
    for (const source of this.sources) source.close();
  }
}

class Source {
  connected = false;
  private failures = 0;
  private closed = false;
  private request: ClientRequest | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly url: string,
    private readonly options: { token: Secret; types: readonly string[] },
    private readonly parts: RelayReaderParts,
    private readonly metrics: RelayReaderMetrics,
  ) {}

  connect(): void {
    if (this.closed) return;
    const get = this.url.startsWith('https:') ? httpsGet : httpGet;
    const headers = { authorization: `Bearer ${this.options.token.reveal()}` };
    let answer: IncomingMessage | null = null;
    let why = 'the connection ended';
    const request = get(this.url + relayPath, { agent: false, headers, timeout: silentMsMax });
    this.request = request;
    request.on('response', (response) => {
      answer = response;
      response.on('error', (error) => (why = error.message));
      if (response.statusCode === 200) {
        this.read(response);
      } else {
        const hint = response.statusCode === 401 ? '; is SERVICE_TOKEN the same in both processes?' : '';
        request.destroy(new Error(`it answered ${response.statusCode}${hint}`));
      }
    });
    request.on('timeout', () => request.destroy(new Error(`nothing was heard for ${silentMsMax} ms`)));
    request.on('error', (error: Error) => (why = error.message));
    // Comes once, however it ends, and after whatever says why.
    request.on('close', () => {
      answer?.destroy();
      this.lost(why);
    });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.request?.destroy();
  }

  private read(response: IncomingMessage): void {
    const { bus, clock, log } = this.parts;
    this.connected = true;
    this.failures = 0;
    log.info({ source: this.url }, 'events of another process are heard');
    const heard: SourceConnected = {
      type: 'events.source-connected',
      key: this.url,
      timeMs: clock.nowMs(),
      session: liveSession,
      data: { source: this.url },
    };
    void bus.publish(heard);
    let rest = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.take(line);
      if (rest.length > lineLengthMax) response.destroy(new Error('it sent a line that is too long'));
    });
  }

  private take(line: string): void {
    if (this.closed) return;
    try {
      const event = readLine(line, this.options.types);
      if (event === null) return;
      this.metrics.received.inc({ type: event.type });
      void this.parts.bus.publish(event);
    } catch (error) {
      // Another version, or no relay at all: a new connection will tell whether it goes on so.
      this.request?.destroy(error as Error);
    }
  }

  private lost(why: string): void {
    const was = this.connected;
    this.connected = false;
    if (this.closed) return;
    if (was) this.metrics.lost.inc();
    const waitMs = backoffMs(this.failures, this.parts.random.nextFloat());
    // Once for each loss, and once for a source that was never there: not for every try in vain.
    if (was || this.failures === 0) {
      this.parts.log.warn(
        { source: this.url, why },
        'events of another process are not heard: streams stand still until it is back; trying again',
      );
    }
    this.failures += 1;
    this.timer = setTimeout(() => this.connect(), waitMs).unref();
  }
}
