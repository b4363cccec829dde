import { parseInstrumentId } from '../../../kernel/money.js';
import { timeframeMs, timeframes } from '../../../kernel/time.js';
import type { BookKeeper, Channel, Saying } from '../../feeds/saying.js';
import type { TradePage, TradesAsk, VenueMarket } from '../../feeds/venue-market.js';
import { candlePage } from '../venue-answers.js';
import type { VenueHttp } from '../venue-http.adapter.js';
import type { VenueFees } from '../venue-settings.js';
import { type CandlePage, type CandleRequest, type Listing, VenueFault } from '../venue.js';
import { type BinanceSymbol, klinesOf, symbolsOf, tradesOf } from './binance-answers.js';
import { BinanceKeeper } from './binance-keeper.js';
import { type BinanceBookMessage, readBinanceMessage, readBinanceSnapshot } from './binance-messages.js';

const klinesMax = 1_000;
const tradesMax = 1_000;
const bookLevels = 1_000;
/** A candle counts as closed so long after its end: our clock may be ahead. */
const closedAfterMs = 5_000;

/** What differs between the spot market and the USD-M futures of Binance. */
export interface BinanceMarketPlan {
  readonly exchange: 'binance' | 'binance-perp';
  /** `/api/v3` or `/fapi/v1`. */
  readonly path: string;
  readonly contract: 'PERP' | null;
  /** Weights of calls against the budget. */
  readonly weights: {
    readonly info: number;
    readonly klines: number;
    readonly trades: number;
    readonly book: number;
  };
  /** Older trades by number are told without a key. */
  readonly olderTrades: boolean;
  readonly streamUrl: string;
  readonly fees: VenueFees;
  readonly publishesFees: boolean;
}

export const binanceSpot = {
  exchange: 'binance',
  path: '/api/v3',
  contract: null,
  weights: { info: 20, klines: 2, trades: 25, book: 50 },
  olderTrades: true,
} as const;

export const binancePerpetuals = {
  exchange: 'binance-perp',
  path: '/fapi/v1',
  contract: 'PERP',
  weights: { info: 1, klines: 5, trades: 5, book: 20 },
  olderTrades: false,
} as const;

/** Market data of Binance, spot or USD-M perpetuals, by its public interfaces; nothing here needs a key. */
export class BinanceMarket implements VenueMarket<BinanceBookMessage> {
  readonly venue = 'BINANCE';
  readonly timeframes = timeframes;
  readonly exchange: string;
  readonly publishesFees: boolean;
  /** 1,024 streams are allowed on a connection; three an instrument leave room for subscribing again. */
  readonly instrumentsPerConnection = 100;
  readonly subscribedByUrl = true;
  readonly quotesFromBook = false;
  private requests = 0;

  constructor(
    private readonly plan: BinanceMarketPlan,
    private readonly http: VenueHttp,
  ) {
    this.exchange = plan.exchange;
    this.publishesFees = plan.publishesFees;
  }

  async listings(instruments: readonly string[], signal: AbortSignal): Promise<Listing[]> {
    const named = new Map(
      instruments.flatMap((id): [string, string][] => {
        const name = parseInstrumentId(id);
        return name?.venue === this.venue && name.contract === this.plan.contract
          ? [[name.base + name.quote, id]]
          : [];
      }),
    );
    if (named.size === 0) return [];
    const symbols = await this.symbols([...named.keys()], signal);
    return symbols.flatMap(({ symbol, base, quote, contract, rules }) => {
      const instrument = named.get(symbol)!;
      const name = parseInstrumentId(instrument)!;
      const same = name.base === base && name.quote === quote;
      const kind = contract === (this.plan.contract === 'PERP' ? 'PERPETUAL' : null);
      return same && kind ? [{ instrument, symbol, rules }] : [];
    });
  }

  async candles(request: CandleRequest, signal: AbortSignal): Promise<CandlePage> {
    const { instrument, timeframe, fromMs, toMs } = request;
    const spanMs = timeframeMs(timeframe);
    const { value, receivedMs } = await this.http.get({
      path: `${this.plan.path}/klines`,
      query: {
        symbol: symbolNamed(instrument),
        interval: timeframe,
        startTime: fromMs,
        endTime: toMs - 1,
        limit: klinesMax,
      },
      weight: this.plan.weights.klines,
      signal,
      read: (text) => JSON.parse(text) as unknown,
    });
    return this.checked(() => {
      const { candles, rows } = klinesOf(value, receivedMs - closedAfterMs);
      const page = candlePage(candles, { fromMs, toMs, spanMs });
      const last = page.at(-1);
      const whole = rows < klinesMax || last === undefined || last.openTimeMs + spanMs >= toMs;
      return { candles: page, nextFromMs: whole ? null : last.openTimeMs + spanMs };
    });
  }

  streamUrl(symbols: readonly string[]): string {
    const streams = symbols.flatMap((symbol) => allStreams.map((suffix) => symbol.toLowerCase() + suffix));
    return `${this.plan.streamUrl}/stream?streams=${streams.join('/')}`;
  }

  subscribe(channels: readonly Channel[], symbols: readonly string[]): string[] {
    const params = symbols.flatMap((symbol) =>
      channels.map((channel) => symbol.toLowerCase() + streamOf[channel]),
    );
    this.requests += 1;
    return [JSON.stringify({ method: 'SUBSCRIBE', params, id: this.requests })];
  }

  read(text: string): readonly Saying<BinanceBookMessage>[] {
    return [readBinanceMessage(text)];
  }

  newBook(): BookKeeper<BinanceBookMessage> {
    return new BinanceKeeper();
  }

  async bookNow(symbol: string, signal: AbortSignal): Promise<BinanceBookMessage> {
    const { value } = await this.http.get({
      path: `${this.plan.path}/depth`,
      query: { symbol, limit: bookLevels },
      weight: this.plan.weights.book,
      signal,
      read: readBinanceSnapshot,
    });
    return value;
  }

  async tradesFrom(symbol: string, { fromId }: TradesAsk, signal: AbortSignal): Promise<TradePage> {
    const older = this.plan.olderTrades;
    const ask = async (name: string, query: Record<string, string | number>): Promise<TradePage> => {
      const { value: trades } = await this.http.get({
        path: `${this.plan.path}/${name}`,
        query: { symbol, limit: tradesMax, ...query },
        weight: this.plan.weights.trades,
        signal,
        read: (text) => tradesOf(JSON.parse(text)),
      });
      const newestId = trades.at(-1)?.id ?? null;
      return { trades, newestId, more: 'fromId' in query && trades.length === tradesMax };
    };
    if (!older) return ask('trades', {});
    try {
      return await ask('historicalTrades', { fromId });
    } catch (error) {
      // A mirror may know the newest trades only.
      if (error instanceof VenueFault && error.kind === 'refused') return ask('trades', {});
      throw error;
    }
  }

  private async symbols(names: readonly string[], signal: AbortSignal): Promise<BinanceSymbol[]> {
    const ask = async (query: Record<string, string>): Promise<BinanceSymbol[]> => {
      const { value } = await this.http.get({
        path: `${this.plan.path}/exchangeInfo`,
        query,
        weight: this.plan.weights.info,
        signal,
        read: (text) => symbolsOf(JSON.parse(text), new Set(names), this.plan.fees),
      });
      return value;
    };
    // Futures tell all of their symbols or nothing.
    if (this.plan.contract !== null) return ask({});
    try {
      return await ask({ symbols: JSON.stringify(names) });
    } catch (error) {
      if (!(error instanceof VenueFault) || error.kind !== 'refused' || names.length === 1) {
        if (error instanceof VenueFault && error.kind === 'refused') return [];
        throw error;
      }
    }
    // One unknown symbol spoils the answer for all: then each is asked for alone.
    const found: BinanceSymbol[] = [];
    for (const name of names) found.push(...(await this.symbols([name], signal)));
    return found;
  }

  private checked<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw new VenueFault('malformed', `${this.exchange}: ${(error as Error).message}`);
    }
  }
}

const streamOf: Readonly<Record<Channel, string>> = {
  trades: '@trade',
  quotes: '@bookTicker',
  'order-book': '@depth@100ms',
};
const allStreams = Object.values(streamOf);

function symbolNamed(instrument: string): string {
  const { base, quote } = parseInstrumentId(instrument)!;
  return base + quote;
}
