import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '../../kernel/metrics.js';
import type { Random } from '../../kernel/random.js';
import type { Clock } from '../../kernel/time.js';
import { dataMetrics, type DataMetrics } from '../data.metrics.js';
import { backoffMs } from './backoff.js';
import { RateBudget } from './rate-budget.js';
import { retryAfterMs } from './retry-after.js';
import { VenueFault } from './venue.js';

/** Answers are read whole; the largest, a list of all instruments of a venue, has some 20 MB. */
const answerBytesMax = 64 * 1024 * 1024;
/** Callers that may wait for the budget; more are told to come back. */
const waitingMax = 500;
const attemptsMax = 4;
/** A venue that wants to be left alone for longer is not waited for: the caller is told how long. */
const pauseMsMax = 30_000;
/** Rest after 429 and 418 where the venue does not say how long. */
const unsaidPauseMs = { 429: 5_000, 418: 120_000 } as const;

export interface VenueHttpPlan {
  /** As metrics and faults name it, e.g. `binance`. */
  readonly exchange: string;
  /** Without trailing slash. */
  readonly baseUrl: string;
  /** Weight it lets us use in a time. */
  readonly budget: { readonly weight: number; readonly windowMs: number };
  /** Header in which it tells the weight we used in that time. */
  readonly usedWeightHeader?: string;
  /** Longest wait for one whole answer. */
  readonly timeoutMs?: number;
  /** First wait before a call is tried again. */
  readonly retryMs?: number;
}

export interface VenueHttpParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
}

export interface VenueAsk<T> {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  /** Of the venue's budget; 1 where it counts calls. */
  readonly weight?: number;
  readonly signal: AbortSignal;
  /** Makes the answer of its text; whatever it throws is a malformed answer, e.g. an HTML page. */
  readonly read: (text: string) => T;
}

export interface VenueAnswer<T> {
  readonly value: T;
  /** Our clock around the call. */
  readonly sentMs: number;
  readonly receivedMs: number;
}

/**
 * Asks one venue over HTTP, within its rate budget. What may pass is tried again: 429 and 418 after the venue's
 * `Retry-After`, 5xx, timeouts and answers that are no JSON with growing waits. Everything else, and what did not
 * pass, is a `VenueFault`. A caller who aborts gets the reason of the signal.
 */
export class VenueHttp {
  private readonly budget: RateBudget;
  private readonly metrics: DataMetrics;
  private waiting = 0;

  constructor(
    private readonly plan: VenueHttpPlan,
    private readonly parts: VenueHttpParts,
  ) {
    this.budget = new RateBudget(plan.budget.weight, plan.budget.windowMs);
    this.metrics = dataMetrics(parts.metrics);
  }

  async get<T>(ask: VenueAsk<T>): Promise<VenueAnswer<T>> {
    for (let attempt = 0; ; attempt += 1) {
      await this.turn(ask);
      const fault = await this.attempt(ask).catch((error: unknown) => {
        ask.signal.throwIfAborted();
        if (error instanceof VenueFault) return error;
        throw error;
      });
      if (!(fault instanceof VenueFault)) return fault;
      this.metrics.venueRequests.inc({ venue: this.plan.exchange, outcome: fault.kind });
      const pauseMs = fault.retryAfterMs ?? 0;
      if (!fault.passing || attempt + 1 >= attemptsMax || pauseMs > pauseMsMax) throw fault;
      const backoff = { firstMs: this.plan.retryMs ?? 250, maxMs: 5_000 };
      await sleep(backoffMs(backoff, attempt, this.parts.random.nextFloat()), null, { signal: ask.signal });
    }
  }

  /** Waits until the budget has room for the call, and spends it. */
  private async turn({ weight = 1, signal }: { weight?: number; signal: AbortSignal }): Promise<void> {
    const { clock } = this.parts;
    if (this.waiting >= waitingMax) {
      throw this.fault('rate_limited', `${waitingMax} calls wait for its rate budget already`, 10_000);
    }
    this.waiting += 1;
    try {
      for (;;) {
        signal.throwIfAborted();
        const nowMs = clock.monotonicMs();
        const pausedMs = this.budget.pausedMs(nowMs);
        if (pausedMs > pauseMsMax) throw this.fault('rate_limited', 'it asked to be left alone', pausedMs);
        const waitMs = this.budget.waitMs(weight, nowMs);
        if (waitMs === 0) return this.budget.spend(weight, nowMs);
        await sleep(Math.min(waitMs, 1_000), null, { signal });
      }
    } finally {
      this.waiting -= 1;
    }
  }

  private async attempt<T>({ path, query = {}, signal, read }: VenueAsk<T>): Promise<VenueAnswer<T>> {
    const { clock } = this.parts;
    const url = new URL(this.plan.baseUrl + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const timeout = AbortSignal.timeout(this.plan.timeoutMs ?? 10_000);
    const sentMs = clock.nowMs();
    const startMs = clock.monotonicMs();
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        signal: AbortSignal.any([signal, timeout]),
        headers: { accept: 'application/json', 'user-agent': 'rrralgorithms' },
        redirect: 'error',
      });
      text = await bodyOf(response);
    } catch (error) {
      if (error instanceof VenueFault) throw error;
      if (timeout.aborted) throw this.fault('timeout', `no answer to ${path} in time`);
      const cause = (error as Error).cause as { code?: string; message?: string } | undefined;
      const why = cause?.code ?? cause?.message ?? (error as Error).message;
      throw this.fault('unavailable', `${path} could not be asked: ${why}`);
    }
    this.metrics.venueRequestSeconds.observe((clock.monotonicMs() - startMs) / 1_000, {
      venue: this.plan.exchange,
    });
    const used = Number(this.plan.usedWeightHeader && response.headers.get(this.plan.usedWeightHeader));
    if (used > 0) this.budget.reported(used, clock.monotonicMs());
    if (!response.ok) throw this.refusalOf(response, path, text);
    try {
      const value = read(text);
      this.metrics.venueRequests.inc({ venue: this.plan.exchange, outcome: 'ok' });
      return { value, sentMs, receivedMs: clock.nowMs() };
    } catch (error) {
      // Some venues refuse with status 200 and say so in the answer.
      if (error instanceof VenueFault) throw this.said(error);
      const why = error instanceof SyntaxError ? 'no JSON' : (error as Error).message;
      throw this.fault('malformed', `${path} was answered with ${why}: ${excerpt(text)}`);
    }
  }

  private refusalOf(response: Response, path: string, text: string): VenueFault {
    const { status } = response;
    const says = `${path} was answered ${status}: ${excerpt(text)}`;
    if (status === 429 || status === 418) {
      const { clock } = this.parts;
      const pauseMs =
        retryAfterMs(response.headers.get('retry-after'), clock.nowMs()) ?? unsaidPauseMs[status];
      // Whoever else asks this venue waits as well: going on is what gets an address banned.
      this.budget.pause(pauseMs, clock.monotonicMs());
      return this.fault('rate_limited', says, pauseMs);
    }
    // A page of HTML with 403 is the guard before the venue, and passes; JSON is the venue itself, and does not.
    const passing = status >= 500 || status === 408 || (status === 403 && text.trimStart().startsWith('<'));
    return this.fault(passing ? 'unavailable' : 'refused', says);
  }

  /** What the answer itself calls too many requests pauses everybody, as a 429 does. */
  private said(fault: VenueFault): VenueFault {
    if (fault.kind !== 'rate_limited') return fault;
    const pauseMs = fault.retryAfterMs ?? unsaidPauseMs[429];
    this.budget.pause(pauseMs, this.parts.clock.monotonicMs());
    return new VenueFault('rate_limited', fault.message, pauseMs);
  }

  private fault(kind: VenueFault['kind'], says: string, pauseMs: number | null = null): VenueFault {
    return new VenueFault(kind, `${this.plan.exchange}: ${says}`, pauseMs);
  }
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > answerBytesMax) {
      throw new VenueFault('malformed', `an answer of more than ${answerBytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The beginning of an answer, for people: one line, printable. */
function excerpt(text: string): string {
  return JSON.stringify(text.slice(0, 120).replace(/\s+/g, ' ').trim());
}
