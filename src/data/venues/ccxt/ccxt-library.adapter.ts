import { pathToFileURL } from 'node:url';
import type { Exchange } from 'ccxt';
import type { Log } from '../../../kernel/log.js';
import type { Metrics } from '../../../kernel/metrics.js';
import type { Clock } from '../../../kernel/time.js';
import { dataMetrics } from '../../data.metrics.js';
import { retryAfterMs } from '../retry-after.js';
import { VenueFault } from '../venue.js';
import type { VenueUrls } from '../venue-settings.js';
import type { CcxtExchange } from './ccxt-exchange.js';
import { ccxtFault } from './ccxt-fault.js';
import { ccxtFile } from './ccxt-names.adapter.js';

export interface CcxtParts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface CcxtOpening {
  /** ccxt's name of the exchange, e.g. `bitstamp`. */
  readonly exchange: string;
  readonly urls?: VenueUrls;
  /** Numbers of REST answers as text, as the venue wrote them; books of streams need floats. */
  readonly numbersAsText?: boolean;
  /** Longest wait for one answer. */
  readonly timeoutMs?: number;
}

/**
 * One exchange of ccxt, loaded when first asked for, with its streams where it has them. Its own rate limit stays on.
 * Throws a VenueFault for an exchange that ccxt does not know. Nothing is asked over the network yet.
 */
export async function openCcxt(opening: CcxtOpening, parts: CcxtParts): Promise<CcxtExchange> {
  const { exchange, urls, numbersAsText = false, timeoutMs = 10_000 } = opening;
  const file = ccxtFile(exchange);
  if (file === null) throw new VenueFault('refused', `ccxt knows no exchange ${exchange}`);
  const { default: Class } = (await import(pathToFileURL(file).href)) as { default: typeof Exchange };
  const made = new Class({
    timeout: timeoutMs,
    newUpdates: true,
    ...(numbersAsText ? { number: String } : {}),
  }) as CcxtExchange;
  // A second market family behind the same name (futures, options) would be loaded for nothing.
  made.options.fetchMarkets = { ...(made.options.fetchMarkets as object), types: ['spot'] };
  if (urls) made.urls.api = movedUrls(made.urls.api, urls);
  // ccxt wants to be told before it opens a stream without TLS.
  if (urls?.stream?.startsWith('ws:')) await made.loadHttpProxyAgent();
  const log = parts.log.of(`ccxt-${exchange}`);
  made.log = () => log.debug({ exchange }, 'ccxt could not read a message');
  watchRequests(made, exchange, parts);
  return made;
}

/** Reads what the venue lists, once; after a failure ccxt would repeat it for ever unless told to ask again. */
export async function loadMarkets(exchange: CcxtExchange): Promise<void> {
  if (exchange.markets === undefined) await exchange.loadMarkets(true);
}

/** Calls ccxt and makes whatever it throws a VenueFault. An abort is the reason of the signal. */
export async function askCcxt<T>(
  exchange: CcxtExchange,
  clock: Clock,
  signal: AbortSignal | null,
  call: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    // ccxt cannot be interrupted: its answer then comes to nobody.
    stop = () => reject(signal!.reason as Error);
    signal?.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([call(), aborted]);
  } catch (error) {
    signal?.throwIfAborted();
    const header = exchange.last_response_headers?.['Retry-After'];
    throw ccxtFault(error, exchange.id, retryAfterMs(header, clock.nowMs()));
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Counts and times its requests, and refuses an answer that is no JSON, which ccxt would hand on as text. */
function watchRequests(made: CcxtExchange, venue: string, { clock, metrics }: CcxtParts): void {
  const { venueRequests, venueRequestSeconds } = dataMetrics(metrics);
  const ask = made.fetch.bind(made);
  made.fetch = async (url, ...rest) => {
    const beganMs = clock.monotonicMs();
    try {
      const answer = await ask(url, ...rest);
      if (typeof answer !== 'object' || answer === null) {
        const said = JSON.stringify(String(answer).slice(0, 80));
        throw new VenueFault(
          'malformed',
          `${venue}: ${new URL(url).pathname} was answered with no JSON: ${said}`,
        );
      }
      venueRequests.inc({ venue, outcome: 'ok' });
      return answer;
    } catch (error) {
      venueRequests.inc({ venue, outcome: ccxtFault(error, venue).kind });
      throw error;
    } finally {
      venueRequestSeconds.observe((clock.monotonicMs() - beganMs) / 1_000, { venue });
    }
  };
}

/** Every address of the exchange, however deep it lies, at another host; its path stays. */
function movedUrls(part: unknown, urls: VenueUrls): unknown {
  if (typeof part === 'string') {
    const to = /^wss?:/.test(part) ? urls.stream : urls.rest;
    return to === undefined ? part : part.replace(/^(?:https?|wss?):\/\/[^/]+/, to);
  }
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, movedUrls(value, urls)]));
}
