import { Injectable } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import { Log } from '../../kernel/log.js';
import { Clock, parseRfc3339 } from '../../kernel/time.js';
import { type Instrument, Instruments } from '../../data/contract/instruments.js';
import { Market } from '../../data/contract/quotes.js';
import type { SessionMarket } from '../marks/session-market.js';
import { tradedInstrument, type TradedInstrument } from '../marks/traded-instrument.js';
import { TradingConfig } from '../trading.config.js';
import type { DeskFeeds } from './look-up.js';

interface Known {
  /** What the market module answered; the very same object again needs no reading. */
  readonly source: Instrument;
  readonly instrument: TradedInstrument;
  readonly readAtMs: number;
}

/** Without an answer from the market module, rules this old are better than none; older ones are not. */
const staleMsMax = 60_000;
const primeEveryMs = 1_000;

/** The rules of instruments, asked anew before each batch unless younger than the configured age, and first prices of quiet markets. */
@Injectable()
export class InstrumentCache implements DeskFeeds {
  /** Only known instruments are kept, so the market module bounds it. */
  private readonly known = new Map<string, Known>();
  private readonly primedAtMs = new Map<string, number>();
  private readonly log: Log;

  constructor(
    private readonly instruments: Instruments,
    private readonly market: Market,
    private readonly clock: Clock,
    private readonly config: TradingConfig,
    log: Log,
  ) {
    this.log = log.of('trading');
  }

  instrument(id: string): TradedInstrument | null {
    return this.known.get(id)?.instrument ?? null;
  }

  /** As `renew`, but throws when one of them could not be asked about. */
  async refresh(ids: ReadonlySet<string>): Promise<void> {
    for (const reason of (await this.renew(ids)).values()) throw reason;
  }

  async renew(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, unknown>> {
    const unread = new Map<string, unknown>();
    const nowMs = this.clock.monotonicMs();
    const due = [...ids].filter((id) => {
      const known = this.known.get(id);
      return known === undefined || nowMs - known.readAtMs >= this.config.instrumentAgeMs;
    });
    const ask = (id: string): Promise<void> =>
      this.ask(id, nowMs).catch((error: unknown) => void unread.set(id, error));
    if (due.length > 0) await Promise.all(due.map(ask));
    return unread;
  }

  async prime(market: SessionMarket, instrument: string): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - (this.primedAtMs.get(instrument) ?? Number.NEGATIVE_INFINITY) < primeEveryMs) return;
    this.primedAtMs.set(instrument, nowMs);
    try {
      const { bid, bidSize, ask, askSize, last, time } = await this.market.quote({ instrument });
      const timeMs = parseRfc3339(time) ?? 0;
      const quote = bid && bidSize && ask && askSize ? { bid, bidSize, ask, askSize } : undefined;
      const trades = last ? [{ id: '', price: last, quantity: '0', side: 'buy' as const, timeMs }] : [];
      market.apply({ instrument, trades, ...(quote ? { quote } : {}) }, timeMs);
    } catch (error) {
      // No price yet is an ordinary state of a young market; the risk gate will say so.
      this.log.debug({ instrument, error: (error as Error).message }, 'no first price');
    }
  }

  private async ask(id: string, nowMs: number): Promise<void> {
    try {
      const instrument = await this.instruments.get({ id });
      const known = this.known.get(id);
      const same = known !== undefined && known.source === instrument;
      const read = same ? known.instrument : tradedInstrument(instrument);
      this.known.set(id, { source: instrument, instrument: read, readAtMs: nowMs });
    } catch (error) {
      if (error instanceof Problem && error.code === 'DATA_UNKNOWN_INSTRUMENT') {
        this.known.delete(id);
        return;
      }
      const known = this.known.get(id);
      if (known === undefined || nowMs - known.readAtMs > staleMsMax) throw error;
      this.log.warn({ instrument: id, error: (error as Error).message }, 'using the last known rules');
    }
  }
}
