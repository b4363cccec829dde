import { Decimal } from '../../kernel/decimal.js';
import { kindOfDecimal } from '../../kernel/decimal-text.js';
import type { BookLevel } from '../contract/events.js';

/** What a feed hands in, numbers still as the venue wrote them. Times are the venue's, in ms. */
export type Tick =
  | {
      readonly kind: 'trade';
      readonly instrument: string;
      readonly id: string;
      readonly price: string;
      readonly quantity: string;
      /** Side of the taker. */
      readonly side: 'buy' | 'sell';
      readonly timeMs: number;
    }
  | {
      readonly kind: 'quote';
      readonly instrument: string;
      readonly bid: string;
      readonly bidSize: string;
      readonly ask: string;
      readonly askSize: string;
      readonly timeMs: number;
    }
  | {
      readonly kind: 'book';
      readonly instrument: string;
      readonly bids: BookLevel[];
      readonly asks: BookLevel[];
      readonly timeMs: number;
    }
  /** The feed is alive and nothing older than `timeMs` will come any more. */
  | { readonly kind: 'watermark'; readonly instrument: string; readonly timeMs: number }
  /** Trades from before `timeMs` may be missing: candles that would hold them, up to its minute, are left out. */
  | { readonly kind: 'gap'; readonly instrument: string; readonly timeMs: number };

export type TradeTick = Extract<Tick, { kind: 'trade' }>;

/** Why a tick was not taken in; each is counted. */
export const refusals = [
  'unknown_instrument',
  'not_a_number',
  'negative',
  'zero',
  'crossed',
  'unordered',
  'bad_time',
  'future',
  'too_old',
  'late',
  'duplicate',
  'queue_full',
  'impossible_id',
  'inexact',
] as const;
export type Refusal = (typeof refusals)[number];

export interface Judgement {
  readonly nowMs: number;
  readonly futureMsMax: number;
  readonly ageMsMax: number;
}

/** Printable characters without blanks; a venue's ids are some twenty of them. */
const idRule = /^[\x21-\x7e]{1,80}$/;

/** Why `tick` cannot be believed, or null when it can. Duplicates and unknown instruments are for others to know. */
export function faultOf(tick: Tick, { nowMs, futureMsMax, ageMsMax }: Judgement): Refusal | null {
  const { timeMs } = tick;
  // Our own word about the venue's time: there is nothing to believe.
  if (tick.kind === 'gap') return null;
  if (!Number.isSafeInteger(timeMs) || timeMs < 0) return 'bad_time';
  if (timeMs > nowMs + futureMsMax) return 'future';
  if (timeMs < nowMs - ageMsMax) return 'too_old';
  switch (tick.kind) {
    case 'trade':
      if (!idRule.test(tick.id)) return 'not_a_number';
      return faultOfNumber(tick.price) ?? faultOfNumber(tick.quantity);
    case 'quote':
      return faultOfSides([[tick.bid, tick.bidSize]], [[tick.ask, tick.askSize]]);
    case 'book':
      return faultOfSides(tick.bids, tick.asks);
    case 'watermark':
      return null;
  }
}

function faultOfNumber(text: string): Refusal | null {
  const kind = kindOfDecimal(text);
  if (kind === null) return 'not_a_number';
  return kind === 'positive' ? null : kind;
}

/** Bids fall, asks rise, and the best bid is below the best ask; equal is locked, and as wrong. */
function faultOfSides(bids: readonly BookLevel[], asks: readonly BookLevel[]): Refusal | null {
  for (const [price, size] of [...bids, ...asks]) {
    const fault = faultOfNumber(price) ?? faultOfNumber(size);
    if (fault) return fault;
  }
  const prices = (levels: readonly BookLevel[]): Decimal[] => levels.map(([price]) => Decimal.of(price));
  const bidPrices = prices(bids);
  const askPrices = prices(asks);
  if (bidPrices.length > 0 && askPrices.length > 0 && bidPrices[0].gte(askPrices[0])) return 'crossed';
  const falling = bidPrices.every((price, n) => n === 0 || price.lt(bidPrices[n - 1]));
  const rising = askPrices.every((price, n) => n === 0 || price.gt(askPrices[n - 1]));
  return falling && rising ? null : 'unordered';
}
