/** The part of ccxt's unified interface that is used here; numbers are floats, or text where `number` is String. */
export type CcxtNumber = number | string | null | undefined;

export interface CcxtMarket {
  /** The venue's own name, e.g. `BTCUSDT`. */
  readonly id: string;
  /** ccxt's name, e.g. `BTC/USDT`. */
  readonly symbol: string;
  readonly spot?: boolean;
  readonly active?: boolean | null;
  readonly precision: { readonly price?: CcxtNumber; readonly amount?: CcxtNumber };
  readonly limits?: {
    readonly amount?: { readonly min?: CcxtNumber };
    readonly cost?: { readonly min?: CcxtNumber };
  };
  readonly maker?: CcxtNumber;
  readonly taker?: CcxtNumber;
}

export interface CcxtTrade {
  readonly id?: string | null;
  /** ms */
  readonly timestamp?: number | null;
  readonly price?: CcxtNumber;
  readonly amount?: CcxtNumber;
  /** Of the taker. */
  readonly side?: string | null;
  /** What the venue said, parsed. */
  readonly info?: unknown;
}

export interface CcxtTicker {
  readonly timestamp?: number | null;
  readonly bid?: CcxtNumber;
  readonly bidVolume?: CcxtNumber;
  readonly ask?: CcxtNumber;
  readonly askVolume?: CcxtNumber;
  readonly info?: unknown;
}

export type CcxtLevel = readonly CcxtNumber[];

export interface CcxtBook {
  readonly timestamp?: number | null;
  readonly bids: readonly CcxtLevel[];
  readonly asks: readonly CcxtLevel[];
  /** Of a book that is kept up: forgets what lies beyond its depth. */
  limit?(): unknown;
}

/** One connection of ccxt. */
export interface CcxtClient {
  readonly url: string;
  /** ms; of the last pong, and of the opening. */
  readonly lastPong?: number;
  readonly connectionEstablished?: number;
  /** Breaks everything that waits for this connection. */
  onError(error: Error): void;
  close(): unknown;
}

/** Open time in ms, open, high, low, close, volume. */
export type CcxtCandle = readonly [number, CcxtNumber, CcxtNumber, CcxtNumber, CcxtNumber, CcxtNumber];

export interface CcxtExchange {
  readonly id: string;
  readonly has: Readonly<Record<string, boolean | 'emulated' | undefined>>;
  readonly timeframes?: Readonly<Record<string, unknown>>;
  readonly features?: { readonly spot?: { readonly fetchOHLCV?: { readonly limit?: number } } };
  readonly markets?: Readonly<Record<string, CcxtMarket>>;
  readonly precisionMode: number;
  readonly last_response_headers?: Readonly<Record<string, string>>;
  urls: Record<string, unknown>;
  hostname?: string;
  options: Record<string, unknown>;
  streaming?: Record<string, unknown>;
  clients?: Readonly<Record<string, CcxtClient>>;
  trades?: Record<string, CcxtTrade[] | undefined>;
  orderbooks?: Record<string, CcxtBook | undefined>;
  bidsasks?: Record<string, CcxtTicker | undefined>;
  log: (...words: unknown[]) => void;
  /** Asks over HTTP and parses the answer. */
  fetch(url: string, ...rest: unknown[]): Promise<unknown>;
  /** Takes one message of a stream. */
  handleMessage(client: CcxtClient, message: unknown): unknown;
  loadHttpProxyAgent(): Promise<unknown>;
  loadMarkets(reload: boolean): Promise<unknown>;
  fetchTrades(symbol: string, since?: number, limit?: number): Promise<CcxtTrade[]>;
  fetchOrderBook(symbol: string, limit?: number): Promise<CcxtBook>;
  fetchOHLCV(symbol: string, timeframe: string, since?: number, limit?: number): Promise<CcxtCandle[]>;
  watchTrades(symbol: string): Promise<unknown>;
  watchOrderBook(symbol: string, limit?: number): Promise<unknown>;
  watchBidsAsks(symbols: string[]): Promise<unknown>;
  close(): Promise<unknown>;
}

/** `BTC-USD.BITSTAMP` as ccxt calls it, `BTC/USD`: spot pairs only. */
export function ccxtSymbol(instrument: string): string {
  return instrument.slice(0, instrument.indexOf('.')).replace('-', '/');
}
