import { minuteMs } from '../../kernel/time.js';
import type { BuiltCandle } from '../candles/built-candle.js';
import { CandleBuilder } from '../candles/candle-builder.js';
import type { Scales } from '../candles/scaled.js';
import type { StoredTrade } from '../market/stored-trade.js';

/** A silence longer than this is a hole in the recording, not a quiet market: no flat candles are made over it. */
const quietMsMax = 60 * minuteMs;

/**
 * Candles of one instrument as a replay of its trades makes them. A minute that began before the replay did is not
 * shown, since its first trades were not seen; nor is one that ends after it.
 */
export class SessionCandles {
  private readonly builder: CandleBuilder;
  private lastTradeMs: number | null = null;

  constructor(
    private readonly fromMs: number,
    private readonly toMs: number,
    scales: Scales,
  ) {
    this.builder = new CandleBuilder(scales);
  }

  /** The candles that closed before `timeMs`, the time of the next trades. */
  closedBefore(timeMs: number): BuiltCandle[] {
    if (this.lastTradeMs === null) return [];
    if (timeMs - this.lastTradeMs <= quietMsMax) return this.shown(this.builder.closeUntil(timeMs));
    const closed = this.shown(this.builder.closeUntil(endOfMinute(this.lastTradeMs)));
    this.builder.skipTo(timeMs);
    return closed;
  }

  /** False when a number cannot be carried exactly. */
  fold(trade: StoredTrade): boolean {
    this.lastTradeMs = Math.max(this.lastTradeMs ?? 0, trade.timeMs);
    return this.builder.foldText(trade) === true;
  }

  /** The last minute, when the replay lasted to its end. */
  end(): BuiltCandle[] {
    if (this.lastTradeMs === null) return [];
    return this.shown(this.builder.closeUntil(Math.min(this.toMs, endOfMinute(this.lastTradeMs))));
  }

  private shown(candles: BuiltCandle[]): BuiltCandle[] {
    return candles.filter((candle) => candle.openTimeMs >= this.fromMs);
  }
}

function endOfMinute(timeMs: number): number {
  return (Math.floor(timeMs / minuteMs) + 1) * minuteMs;
}
