import { instrumentIdPattern } from '../../kernel/money.js';

/** Venues whose messages are decoded here, from their own strings; every other one comes through ccxt. */
export const nativeExchanges = ['binance', 'coinbase', 'kraken'] as const;

/** Instruments of one feed: each costs three streams and a book in memory. */
export const instrumentsPerFeedMax = 200;

/** One feed to run, as a part of FEEDS says it. */
export interface FeedPlan {
  /** What it is called at `/v1/feeds`: `sim`, or the exchange. */
  readonly id: string;
  readonly kind: 'sim' | 'native' | 'ccxt';
  /** `binance`, `bitstamp`; for ccxt its own name of the exchange. */
  readonly exchange: string;
  /** Suffix of its instrument ids, e.g. `BINANCE`. */
  readonly venue: string;
  /** `BTC-USDT.BINANCE`; empty for `sim`, which knows its own. */
  readonly instruments: readonly string[];
}

/** What is wrong with one part of a setting: the part, and what it must be. */
export interface PlanFault {
  readonly found: string;
  readonly allowed: string;
}

const exchangePattern = /^[a-z0-9]{1,20}$/;
const pairPattern = /^([A-Z0-9]{1,20})\/([A-Z0-9]{1,20})(?:-(PERP))?$/;

/**
 * Reads the parts of FEEDS: `sim`, `none`, `binance:BTC/USDT,ETH/USDT-PERP`, `ccxt:bitstamp:BTC/USD`. One feed per
 * exchange, each instrument once. Answers everything that is wrong at once, and the feeds when nothing is.
 */
export function readFeedPlans(parts: readonly string[]): { plans: FeedPlan[]; faults: PlanFault[] } {
  const faults: PlanFault[] = [];
  const plans: FeedPlan[] = [];
  for (const part of parts) {
    if (part === 'none') {
      if (parts.length > 1)
        faults.push({ found: parts.join(';'), allowed: 'none alone, or feeds without none' });
      continue;
    }
    const plan = readPart(part, faults);
    if (plan === null) continue;
    if (plans.some(({ venue }) => venue === plan.venue))
      faults.push({ found: part, allowed: `one feed for ${plan.exchange}, with all of its instruments` });
    plans.push(plan);
  }
  return { plans, faults };
}

function readPart(part: string, faults: PlanFault[]): FeedPlan | null {
  if (part === 'sim') return { id: 'sim', kind: 'sim', exchange: 'sim', venue: 'SIM', instruments: [] };
  const throughCcxt = part.startsWith('ccxt:');
  const [exchange, ...rest] = (throughCcxt ? part.slice('ccxt:'.length) : part).split(':');
  const native = (nativeExchanges as readonly string[]).includes(exchange);
  if (!exchangePattern.test(exchange) || exchange === 'sim' || (!throughCcxt && !native)) {
    const known = nativeExchanges.map((name) => `${name}:BASE/QUOTE,…`).join(', ');
    faults.push({ found: part, allowed: `sim, none, ${known} or ccxt:exchange:BASE/QUOTE,…` });
    return null;
  }
  if (throughCcxt && native) {
    faults.push({
      found: part,
      allowed: `${exchange}:BASE/QUOTE,…, since ${exchange} is spoken here without ccxt`,
    });
    return null;
  }
  const pairs = rest
    .join(':')
    .split(',')
    .flatMap((pair) => pair.trim() || []);
  const venue = exchange.toUpperCase();
  const instruments = pairs.flatMap((pair) => readPair(pair, { part, venue, exchange, faults }) ?? []);
  if (pairs.length === 0)
    faults.push({ found: part, allowed: `${part.replace(/:$/, '')}:BASE/QUOTE,… with at least one pair` });
  if (pairs.length > instrumentsPerFeedMax)
    faults.push({
      found: `${exchange} with ${pairs.length} pairs`,
      allowed: `at most ${instrumentsPerFeedMax} pairs`,
    });
  const twice = instruments.find((id, n) => instruments.indexOf(id) !== n);
  if (twice !== undefined) faults.push({ found: `${part}, with ${twice} twice`, allowed: 'each pair once' });
  return { id: exchange, kind: native ? 'native' : 'ccxt', exchange, venue, instruments };
}

function readPair(
  pair: string,
  { part, venue, exchange, faults }: { part: string; venue: string; exchange: string; faults: PlanFault[] },
): string | null {
  const match = pairPattern.exec(pair);
  if (match === null) {
    faults.push({ found: `${pair} in ${part}`, allowed: 'BASE/QUOTE in capitals, e.g. BTC/USDT' });
    return null;
  }
  const [, base, quote, contract] = match;
  if (contract && exchange !== 'binance') {
    faults.push({
      found: `${pair} in ${part}`,
      allowed: 'a spot pair; perpetuals are read of binance alone',
    });
    return null;
  }
  const id = `${base}-${quote}${contract ? `-${contract}` : ''}.${venue}`;
  return instrumentIdPattern.test(id) ? id : null;
}
