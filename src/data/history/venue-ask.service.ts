import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { Random } from '../../kernel/random.js';
import { dataProblem } from '../contract/errors.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { type CandleRequest, VenueFault, type VenueHistory } from '../venues/venue.js';
import { type CheckedPage, checkPage } from './venue-page.js';

/** Times one page is asked for before it is given up; with the waits between, some four minutes. */
const attemptsMax = 8;
const waitMsMin = 1_000;
const waitMsMax = 60_000;
/** A venue that wants to be left alone for longer is not waited for. */
const obeyedMsMax = 15 * 60_000;

/**
 * Asks a venue for a page of candles until it answers one that can be believed. Passing faults are waited out, as long
 * as the venue says or with growing pauses; what cannot pass is a problem at once.
 */
@Injectable()
export class VenueAsk {
  private readonly metrics: DataMetrics;
  private readonly log: Log;

  constructor(
    private readonly random: Random,
    metrics: Metrics,
    log: Log,
  ) {
    this.metrics = dataMetrics(metrics);
    this.log = log.of('venue-history');
  }

  /**
   * Throws DATA_BACKFILL_REFUSED, DATA_VENUE_UNAVAILABLE, DATA_VENUE_UNREADABLE, and an AbortError when `signal`
   * was aborted. `attempts`: after so many the caller would rather hear of it.
   */
  async candles(
    history: VenueHistory,
    request: CandleRequest,
    signal: AbortSignal,
    attempts = attemptsMax,
  ): Promise<CheckedPage> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.attempt(history, request, signal);
      if (!(answer instanceof VenueFault)) return answer;
      this.metrics.venueFaults.inc({ kind: answer.kind });
      const waitMs = this.waitMs(answer, attempt);
      if (!answer.passing || attempt >= attempts || waitMs > obeyedMsMax)
        throw problemOf(history.venue, answer);
      this.log.warn(
        {
          venue: history.venue,
          kind: answer.kind,
          fault: answer.message,
          attempt,
          waitMs: Math.round(waitMs),
        },
        'a venue did not answer for its past; it is asked again',
      );
      await sleep(waitMs, undefined, { signal });
    }
  }

  private async attempt(
    history: VenueHistory,
    request: CandleRequest,
    signal: AbortSignal,
  ): Promise<CheckedPage | VenueFault> {
    try {
      signal.throwIfAborted();
      const page = checkPage(await history.candles(request, signal), request);
      return 'fault' in page ? new VenueFault('malformed', page.fault) : page;
    } catch (error) {
      if (error instanceof VenueFault && !signal.aborted) return error;
      throw error;
    }
  }

  private waitMs({ retryAfterMs }: VenueFault, attempt: number): number {
    if (retryAfterMs !== null) return retryAfterMs;
    const growing = Math.min(waitMsMax, waitMsMin * 2 ** (attempt - 1));
    // Jittered, so that backfills which failed together do not come back together.
    return growing * (0.5 + this.random.nextFloat() / 2);
  }
}

function problemOf(venue: string, { kind, message }: VenueFault): Error {
  if (kind === 'refused') {
    return dataProblem('DATA_BACKFILL_REFUSED', {
      detail: `${venue} refuses: ${message.slice(0, 500)}`,
      facts: { venue },
    });
  }
  if (kind === 'malformed') {
    return dataProblem('DATA_VENUE_UNREADABLE', {
      detail: `${venue} answered what cannot be believed (${message.slice(0, 500)}); try again later`,
      facts: { venue },
    });
  }
  return dataProblem('DATA_VENUE_UNAVAILABLE', {
    detail: `${venue} did not answer after several attempts (${kind}: ${message.slice(0, 500)}); try again later, what is stored already stays`,
    facts: { venue },
    retryAfterSeconds: 60,
  });
}
