import { Decimal } from '../../src/kernel/decimal.js';
import { SilentLog } from '../../src/kernel/log.js';
import { SeededRandom } from '../../src/kernel/random.js';
import type { InstrumentRules } from '../../src/data/contract/instruments.js';
import type { Tick, TradeTick } from '../../src/data/feeds/tick.js';
import { CcxtFeed } from '../../src/data/venues/ccxt/ccxt-feed.adapter.js';
import { type CcxtRhythm, ordinaryCcxtRhythm } from '../../src/data/venues/ccxt/ccxt-session.service.js';
import { SystemClock } from '../../src/platform/time/system-clock.adapter.js';
import { CountedMetrics } from './counted-metrics.js';
import type { Recording } from './venue/recordings.js';
import type { VenueSimulator } from './venue/venue-simulator.js';

export interface CcxtFeedOptions {
  readonly exchange?: string;
  readonly instruments?: readonly string[];
  readonly rhythm?: Partial<CcxtRhythm>;
}

/** A feed through ccxt that has started, and everything it said. */
export interface HeardFeed {
  readonly feed: CcxtFeed;
  readonly metrics: CountedMetrics;
  readonly heard: {
    readonly ticks: Tick[];
    /** Reason and words of each lost connection. */
    readonly lost: [string, string][];
    readonly begun: string[];
    readonly learnt: Map<string, InstrumentRules>;
    readonly vanished: string[];
    readonly refused: Map<string, number>;
  };
  of<K extends Tick['kind']>(kind: K): Extract<Tick, { kind: K }>[];
}

/** Decimal text without what it need not have. */
export const normal = (number: string): string => Decimal.of(number).toString();

export async function aCcxtFeed(
  venue: VenueSimulator,
  { exchange = 'binance', instruments = ['BTC-USDT.BINANCE'], rhythm = {} }: CcxtFeedOptions = {},
): Promise<HeardFeed> {
  const metrics = new CountedMetrics();
  const plan = { id: exchange, exchange, instruments, urls: { rest: venue.url, stream: venue.streamUrl } };
  const heard = {
    ticks: [] as Tick[],
    lost: [] as [string, string][],
    begun: [] as string[],
    learnt: new Map<string, InstrumentRules>(),
    vanished: [] as string[],
    refused: new Map<string, number>(),
  };
  const feed = new CcxtFeed(plan, {
    clock: new SystemClock(),
    metrics,
    log: new SilentLog(),
    random: new SeededRandom(1),
    rhythm: {
      ...ordinaryCcxtRhythm,
      firstRetryMs: 20,
      retryMsMax: 100,
      bookMs: 20,
      settleMs: 0,
      ...rhythm,
    },
    staleMs: 30_000,
    latenessMs: 100,
    fees: null,
    count: () => undefined,
    learn: async (id, rules) => void heard.learnt.set(id, rules),
    vanished: async (id) => void heard.vanished.push(id),
  });
  await feed.prepare();
  await feed.start({
    begin: async (ids) => void heard.begun.push(...ids),
    accept: (ticks) => void heard.ticks.push(...ticks),
    refused: (reason, count) => void heard.refused.set(reason, (heard.refused.get(reason) ?? 0) + count),
    reconnected: (reason, says) => void heard.lost.push([reason, says]),
  });
  const of = <K extends Tick['kind']>(kind: K): Extract<Tick, { kind: K }>[] =>
    heard.ticks.filter((tick): tick is Extract<Tick, { kind: K }> => tick.kind === kind);
  return { feed, metrics, heard, of };
}

/** The trades of a Binance recording, read from its own text. */
export function binanceTrades({ messages }: Recording): TradeTick[] {
  return messages.flatMap((message) => {
    if (!message.text.includes('@trade')) return [];
    const { t, p, q, m, T } = JSON.parse(message.text).data;
    const side = m ? 'sell' : 'buy';
    return [
      {
        kind: 'trade' as const,
        instrument: 'BTC-USDT.BINANCE',
        id: String(t),
        price: normal(p),
        quantity: normal(q),
        side,
        timeMs: T,
      },
    ];
  });
}
