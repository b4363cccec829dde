import { Injectable } from '@nestjs/common';
import { Metrics } from '../../kernel/metrics.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { Random } from '../../kernel/random.js';
import { Clock } from '../../kernel/time.js';
import { DataConfig } from '../data.config.js';
import type { VenueMarket } from '../feeds/venue-market.js';
import { BinanceMarket, binancePerpetuals, binanceSpot } from './binance/binance.adapter.js';
import { CoinbaseMarket } from './coinbase/coinbase.adapter.js';
import { KrakenMarket } from './kraken/kraken.adapter.js';
import { VenueHttp, type VenueHttpPlan } from './venue-http.adapter.js';
import { readVenueFees, readVenueUrls, type VenueFees } from './venue-settings.js';
import type { VenueHistory } from './venue.js';

/** One market of an exchange: its spot pairs (`contract` null) or its perpetuals. */
export interface NativeMarket {
  readonly market: VenueMarket<any>;
  readonly contract: string | null;
}

/** Where an exchange is, what it lets us ask in a time (four fifths of it), and its fees for everybody. */
interface Home {
  readonly rest: string;
  readonly stream: string;
  readonly budget: VenueHttpPlan['budget'];
  readonly usedWeightHeader?: string;
  readonly fees: VenueFees;
}

const homes = {
  binance: {
    rest: 'https://api.binance.com',
    stream: 'wss://stream.binance.com:9443',
    budget: { weight: 4_800, windowMs: 60_000 },
    usedWeightHeader: 'x-mbx-used-weight-1m',
    fees: { maker: '0.001', taker: '0.001' },
  },
  'binance-perp': {
    rest: 'https://fapi.binance.com',
    stream: 'wss://fstream.binance.com',
    budget: { weight: 1_900, windowMs: 60_000 },
    usedWeightHeader: 'x-mbx-used-weight-1m',
    fees: { maker: '0.0002', taker: '0.0005' },
  },
  coinbase: {
    rest: 'https://api.exchange.coinbase.com',
    stream: 'wss://ws-feed.exchange.coinbase.com',
    budget: { weight: 8, windowMs: 1_000 },
    fees: { maker: '0.004', taker: '0.006' },
  },
  kraken: {
    rest: 'https://api.kraken.com',
    stream: 'wss://ws.kraken.com',
    budget: { weight: 4, windowMs: 5_000 },
    fees: { maker: '0.0025', taker: '0.004' },
  },
} as const satisfies Record<string, Home>;

/** The markets that are spoken here without ccxt, each with its one HTTP client and so with one rate budget. */
@Injectable()
export class VenueMarkets {
  private readonly byExchange: ReadonlyMap<string, readonly NativeMarket[]>;

  constructor(config: DataConfig, clock: Clock, random: Random, metrics: Metrics) {
    const { urls } = readVenueUrls(config.venueUrls);
    const { fees } = readVenueFees(config.venueFees);
    const homeOf = (exchange: keyof typeof homes) => {
      const home: Home = homes[exchange];
      const { rest: baseUrl = home.rest, stream: streamUrl = home.stream } = urls.get(exchange) ?? {};
      const { budget, usedWeightHeader } = home;
      const http = new VenueHttp({ exchange, baseUrl, budget, usedWeightHeader }, { clock, random, metrics });
      const own = fees.get(exchange);
      return { http, streamUrl, fees: own ?? home.fees, ownFees: own ?? null };
    };
    const binance = (
      [
        ['binance', binanceSpot],
        ['binance-perp', binancePerpetuals],
      ] as const
    ).map(([exchange, plan]) => {
      const { http, streamUrl, fees: paid, ownFees } = homeOf(exchange);
      const market = new BinanceMarket(
        { ...plan, streamUrl, fees: paid, publishesFees: ownFees !== null },
        http,
      );
      return { market, contract: plan.contract };
    });
    const coinbase = homeOf('coinbase');
    const kraken = homeOf('kraken');
    this.byExchange = new Map<string, readonly NativeMarket[]>([
      ['binance', binance],
      ['coinbase', [{ market: new CoinbaseMarket(coinbase, coinbase.http), contract: null }]],
      ['kraken', [{ market: new KrakenMarket(kraken, kraken.http), contract: null }]],
    ]);
  }

  /** Empty for an exchange that is not spoken here. */
  of(exchange: string): readonly NativeMarket[] {
    return this.byExchange.get(exchange) ?? [];
  }

  /** One history for each venue, whichever of its markets an instrument belongs to. */
  histories(): VenueHistory[] {
    return [...this.byExchange.values()].map((markets) => historyOf(markets));
  }
}

function historyOf(markets: readonly NativeMarket[]): VenueHistory {
  const [{ market }] = markets;
  const marketOf = (instrument: string): VenueMarket<any> => {
    const contract = parseInstrumentId(instrument)?.contract ?? null;
    return (markets.find((one) => one.contract === contract) ?? markets[0]).market;
  };
  return {
    venue: market.venue,
    timeframes: market.timeframes,
    listings: async (instruments, signal) => {
      const found = await Promise.all(
        markets.map((one) =>
          one.market.listings(
            instruments.filter((id) => marketOf(id) === one.market),
            signal,
          ),
        ),
      );
      return found.flat();
    },
    candles: (request, signal) => marketOf(request.instrument).candles(request, signal),
  };
}
