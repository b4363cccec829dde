import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { InstrumentMarket, type MarketData } from './instrument-market.js';

/** Currencies counted one to one when no market quotes them against each other. */
const dollars: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC', 'FDUSD', 'TUSD', 'DAI', 'BUSD']);

type Listener = (market: InstrumentMarket) => void;
const nobody: Listener = () => undefined;

/** Every market one session (live, or one replay) has shown, and the newest time it has seen. */
export class SessionMarket {
  /** Newest event time; a replay's clock. */
  nowMs: number;
  /** Rises with every batch that may have moved a mark. */
  revision = 0;
  /** When the risk of its accounts was looked at last. */
  watchedAtMs = Number.NEGATIVE_INFINITY;
  private readonly markets = new Map<string, InstrumentMarket>();
  /** Instruments quoted for a pair of assets, in the order they first appeared. */
  private readonly byPair = new Map<string, InstrumentMarket[]>();

  constructor(
    readonly session: string,
    nowMs = 0,
  ) {
    this.nowMs = nowMs;
  }

  apply(data: MarketData, timeMs: number): InstrumentMarket {
    this.nowMs = Math.max(this.nowMs, timeMs);
    this.revision += 1;
    const market = this.of(data.instrument);
    market.apply(data, timeMs);
    return market;
  }

  advance(timeMs: number): void {
    this.nowMs = Math.max(this.nowMs, timeMs);
  }

  /** The market of an instrument, empty until its first batch. Bounded by the instruments the data module knows. */
  of(instrument: string): InstrumentMarket {
    let market = this.markets.get(instrument);
    if (market === undefined) {
      market = new InstrumentMarket(instrument);
      this.markets.set(instrument, market);
      const name = parseInstrumentId(instrument);
      if (name !== null && name.contract === null) {
        const pair = `${name.base}/${name.quote}`;
        this.byPair.set(pair, [...(this.byPair.get(pair) ?? []), market]);
      }
    }
    return market;
  }

  /** A market that is not kept, for an instrument nobody knows. */
  blank(instrument: string): InstrumentMarket {
    return new InstrumentMarket(instrument);
  }

  known(instrument: string): InstrumentMarket | null {
    return this.markets.get(instrument) ?? null;
  }

  forget(accountId: string): void {
    for (const market of this.markets.values()) market.forget(accountId);
  }

  /**
   * What one unit of `from` is worth in `to`: by a market between the two, either way round, or through a dollar.
   * Dollar-like currencies count one to one when nothing quotes them. Null when nobody knows.
   */
  rate(from: string, to: string): Decimal | null {
    return this.rateBy(from, to, nobody);
  }

  /** Is the rate of now the word of markets that have spoken lately? */
  isRateFresh(from: string, to: string, nowMs: number): boolean {
    let fresh = true;
    const rate = this.rateBy(from, to, (market) => (fresh &&= !market.isStale(nowMs)));
    return rate !== null && fresh;
  }

  /** `says`: hears of each market whose word was taken. */
  private rateBy(from: string, to: string, says: Listener): Decimal | null {
    if (from === to) return Decimal.one;
    const direct = this.quoted(from, to, says);
    if (direct !== null) return direct;
    if (dollars.has(from) && dollars.has(to)) return Decimal.one;
    for (const dollar of dollars) {
      if (dollar === from || dollar === to) continue;
      const first = this.quoted(from, dollar, says);
      const second = first && (dollars.has(to) ? Decimal.one : this.quoted(dollar, to, says));
      if (first && second) return first.times(second);
    }
    return null;
  }

  private quoted(from: string, to: string, says: Listener): Decimal | null {
    const straight = this.markOfPair(from, to, says);
    if (straight !== null) return straight;
    const inverse = this.markOfPair(to, from, says);
    return inverse === null ? null : Decimal.one.div(inverse);
  }

  private markOfPair(base: string, quote: string, says: Listener): Decimal | null {
    for (const market of this.byPair.get(`${base}/${quote}`) ?? []) {
      if (market.mark === null) continue;
      says(market);
      return market.mark;
    }
    return null;
  }
}
