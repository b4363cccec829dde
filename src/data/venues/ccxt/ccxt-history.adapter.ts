import { isTimeframe, timeframeMs, type Timeframe } from '../../../kernel/time.js';
import { parseInstrumentId } from '../../../kernel/money.js';
import { dataMetrics } from '../../data.metrics.js';
import type { VenueUrls } from '../venue-settings.js';
import type { CandlePage, CandleRequest, Listing, VenueCandle, VenueHistory } from '../venue.js';
import { VenueFault } from '../venue.js';
import { ccxtSymbol, type CcxtCandle, type CcxtExchange } from './ccxt-exchange.js';
import { askCcxt, loadMarkets, openCcxt, type CcxtParts } from './ccxt-library.adapter.js';
import { rulesOf } from './ccxt-listing.js';
import { exactText } from './exact-number.js';

/** Candles asked for at once where the venue does not say how many it gives. */
const pageMaxUnsaid = 500;
const pageMax = 1_000;

/**
 * What a venue lists and its past candles, through ccxt's REST part, with every number as the venue wrote it. A page
 * with a number that cannot be proven is refused whole: a candle left out would look like a minute without trades.
 */
export class CcxtHistory implements VenueHistory {
  readonly timeframes: readonly Timeframe[];

  private constructor(
    readonly venue: string,
    private readonly exchange: CcxtExchange,
    private readonly parts: CcxtParts,
  ) {
    this.timeframes = exchange.has.fetchOHLCV
      ? Object.keys(exchange.timeframes ?? {}).filter(isTimeframe)
      : [];
  }

  /** Loads the exchange; asks nothing. Throws a VenueFault for one that ccxt does not know. */
  static async open(
    plan: { readonly exchange: string; readonly venue: string; readonly urls?: VenueUrls },
    parts: CcxtParts,
  ): Promise<CcxtHistory> {
    const { exchange, venue, urls } = plan;
    return new CcxtHistory(venue, await openCcxt({ exchange, urls, numbersAsText: true }, parts), parts);
  }

  async listings(instruments: readonly string[], signal: AbortSignal): Promise<Listing[]> {
    await this.markets(signal);
    const { markets = {}, precisionMode } = this.exchange;
    return instruments.flatMap((instrument) => {
      const market = parseInstrumentId(instrument)?.venue === this.venue && markets[ccxtSymbol(instrument)];
      if (!market || market.spot === false) return [];
      return [{ instrument, symbol: market.id, rules: rulesOf(market, precisionMode) }];
    });
  }

  async candles(request: CandleRequest, signal: AbortSignal): Promise<CandlePage> {
    const { instrument, timeframe, fromMs, toMs } = request;
    if (!this.timeframes.includes(timeframe)) {
      throw new VenueFault('refused', `${this.exchange.id} keeps no candles of ${timeframe}`);
    }
    await this.markets(signal);
    const spanMs = timeframeMs(timeframe);
    const limit = Math.min(pageMax, this.exchange.features?.spot?.fetchOHLCV?.limit ?? pageMaxUnsaid);
    const rows = await askCcxt(this.exchange, this.parts.clock, signal, () =>
      this.exchange.fetchOHLCV(ccxtSymbol(instrument), timeframe, fromMs, limit),
    );
    if (!Array.isArray(rows)) throw new VenueFault('malformed', `${this.exchange.id}: candles are no list`);
    // What is open at the venue is not ours to keep yet.
    const endMs = Math.min(toMs, this.parts.clock.nowMs() - spanMs + 1);
    const within = rows.filter(([timeMs]) => timeMs >= fromMs && timeMs < endMs);
    const candles = within.map((row) => this.read(row));
    // A venue that answers a window shows nothing where nothing traded: the next window may hold more.
    const lastMs = rows.length === 0 ? fromMs + (limit - 1) * spanMs : rows[rows.length - 1][0];
    const nextFromMs = Math.max(lastMs, fromMs) + spanMs;
    return { candles, nextFromMs: nextFromMs < endMs ? nextFromMs : null };
  }

  private read([openTimeMs, ...numbers]: CcxtCandle): VenueCandle {
    const [open, high, low, close, volume] = numbers.map((number) => {
      const exact = exactText(number, { precision: null });
      if ('text' in exact) return exact.text;
      dataMetrics(this.parts.metrics).numbersRefused.inc({ venue: this.exchange.id, why: exact.fault });
      throw new VenueFault(
        'malformed',
        `${this.exchange.id}: a candle at ${openTimeMs} holds ${number}, ${exact.fault}`,
      );
    });
    return { openTimeMs, open, high, low, close, volume, trades: null };
  }

  private markets(signal: AbortSignal): Promise<void> {
    return askCcxt(this.exchange, this.parts.clock, signal, () => loadMarkets(this.exchange));
  }
}
