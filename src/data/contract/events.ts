import type { DomainEvent } from '../../kernel/events.js';
import type { Timeframe } from '../../kernel/time.js';
import type { Job } from './jobs.js';

/** A candle as events carry it; prices and volume are decimal text. */
export interface CandleFacts {
  instrument: string;
  timeframe: Timeframe;
  openTimeMs: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
}

/** A candle is closed and already stored. Key: `session:instrument:timeframe`. */
export type CandleClosed = DomainEvent<'data.candle-closed', CandleFacts>;

/**
 * Minutes of a live instrument that the feed left out, or closed too early, are now as its venue tells them, and larger
 * candles with them. Not a closed candle: nobody acts on old news. Who keeps candles reads the span again.
 * Key: `session:instrument`.
 */
export type CandlesRepaired = DomainEvent<
  'data.candles-repaired',
  { instrument: string; fromMs: number; toMs: number; inserted: number; replaced: number }
>;

/** The still open candle moved; for charts only. Key: `session:instrument:timeframe`. */
export type CandleUpdated = DomainEvent<'data.candle-updated', CandleFacts>;

/** `[price, quantity]`, decimal text. */
export type BookLevel = [string, string];

/**
 * What the market of one instrument did since the last batch. Not a fact but a stream: a lost batch is replaced by the next.
 * Key: `session:instrument`. A replay of candles sends `bar` instead of quotes; who fills orders on it plays it as
 * open, worse extreme, better extreme, close.
 */
export type MarketBatch = DomainEvent<
  'data.market-batch',
  {
    instrument: string;
    quote?: { bid: string; bidSize: string; ask: string; askSize: string };
    book?: { bids: BookLevel[]; asks: BookLevel[] };
    trades: { id: string; price: string; quantity: string; side: 'buy' | 'sell'; timeMs: number }[];
    bar?: {
      timeframe: Timeframe;
      openTimeMs: number;
      open: string;
      high: string;
      low: string;
      close: string;
      volume: string;
    };
  }
>;

/** A replay is about to play its first step; consumers bind the accounts to its session (= replay id) before they return. Key: session. */
export type ReplayStarted = DomainEvent<
  'data.replay-started',
  {
    replayId: string;
    instruments: string[];
    timeframe: Timeframe | null;
    fromMs: number;
    toMs: number;
    accounts: string[];
    /** Null: every started strategy of those accounts. */
    strategies: string[] | null;
    seed: number;
  }
>;

/** The last step is acknowledged (or the replay was stopped); consumers release its accounts and forget its state. Key: session. */
export type ReplayEnded = DomainEvent<
  'data.replay-ended',
  { replayId: string; outcome: 'succeeded' | 'failed' | 'canceled'; accounts: string[] }
>;

/** A job began, went on or ended, and its row says so; progress at most twice a second. Key: the job's id. */
export type JobChanged = DomainEvent<'data.job-changed', { owner: string; job: Job }>;
