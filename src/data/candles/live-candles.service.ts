import { Injectable } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { dayMs, minuteMs, type Timeframe, timeframes } from '../../kernel/time.js';
import type { TradeTick } from '../feeds/tick.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import type { BuiltCandle } from './built-candle.js';
import { CandleBuilder } from './candle-builder.js';
import { CandleRepository } from './candle.repository.js';
import { scaleOf } from './scaled.js';

/** One builder per live instrument, begun with what is stored of the day so that its larger candles are whole. */
@Injectable()
export class LiveCandles {
  private readonly builders = new Map<string, CandleBuilder>();
  /** Trades before these times belong to candles that were not seen whole and are not made. */
  private readonly unseenUntilMs = new Map<string, number>();
  private readonly log: Log;

  constructor(
    private readonly repository: CandleRepository,
    private readonly instruments: InstrumentsService,
    log: Log,
  ) {
    this.log = log.of('candles');
  }

  /** Starts the candles of `instrument` over: the next minute to close is the one that holds `fromMs`. */
  async begin(instrument: string, fromMs: number): Promise<void> {
    const { tickSize, lotSize } = this.instruments.require(instrument);
    const builder = new CandleBuilder({ price: scaleOf(tickSize), quantity: scaleOf(lotSize) });
    const untilMs = Math.floor(fromMs / minuteMs) * minuteMs;
    const minutes = await this.repository.range({
      instrument,
      timeframe: '1m',
      fromMs: Math.floor(fromMs / dayMs) * dayMs,
      toMs: untilMs,
      limit: dayMs / minuteMs,
    });
    for (const minute of minutes) {
      if (!builder.resume(minute)) {
        this.log.warn(
          { instrument, openTimeMs: minute.openTimeMs },
          'a stored candle has more digits than a live one can carry; larger candles over it are left out',
        );
      }
    }
    builder.skipTo(untilMs);
    this.unseenUntilMs.delete(instrument);
    this.builders.set(instrument, builder);
  }

  /** Leaves out every candle that is open, up to the end of the minute that holds `timeMs`: trades of it are missing. */
  passOver(instrument: string, timeMs: number): void {
    const untilMs = (Math.floor(timeMs / minuteMs) + 1) * minuteMs;
    this.builders.get(instrument)?.skipTo(untilMs);
    this.unseenUntilMs.set(instrument, Math.max(untilMs, this.unseenUntilMs.get(instrument) ?? 0));
  }

  /** Instruments whose candles are made here. */
  followed(): string[] {
    return [...this.builders.keys()];
  }

  /** First minute of the instrument that is not closed yet; null before anything was seen of it. */
  openFromMs(instrument: string): number | null {
    return this.builders.get(instrument)?.openFromMs ?? null;
  }

  /** Takes in a minute that was left out and is stored now, so that larger candles that are still open become whole. */
  mend(instrument: string, minute: Omit<BuiltCandle, 'timeframe'>): void {
    this.builders.get(instrument)?.mend(minute);
  }

  /** False when the trade's minute is closed already, or its numbers cannot be carried exactly. */
  fold(trade: TradeTick): boolean {
    if (trade.timeMs < (this.unseenUntilMs.get(trade.instrument) ?? 0)) return true;
    return this.builders.get(trade.instrument)?.foldText(trade) ?? false;
  }

  /** Closes what ended by the watermark; candles in the order they closed. */
  closeUntil(instrument: string, watermarkMs: number): BuiltCandle[] {
    return this.builders.get(instrument)?.closeUntil(watermarkMs) ?? [];
  }

  /** The open candle of every timeframe, smallest first. */
  open(instrument: string): BuiltCandle[] {
    const builder = this.builders.get(instrument);
    if (!builder) return [];
    return timeframes.flatMap((timeframe: Timeframe) => builder.openCandle(timeframe) ?? []);
  }
}
