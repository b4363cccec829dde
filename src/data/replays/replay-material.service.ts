import { Injectable } from '@nestjs/common';
import { type Timeframe, timeframeMs } from '../../kernel/time.js';
import type { BuiltCandle } from '../candles/built-candle.js';
import { CandleRepository } from '../candles/candle.repository.js';
import { scaleOf } from '../candles/scaled.js';
import { dataProblem } from '../contract/errors.js';
import type { StartReplay } from '../contract/replays.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import type { StoredTrade } from '../market/stored-trade.js';
import { TradeRepository } from '../market/trade.repository.js';
import { candleSteps, type ReplayStep, type RowPages, tradeSteps } from './replay-step.js';
import { SessionCandles } from './session-candles.js';

const pageRows = 2_000;

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a replay plays: stored rows, read a page at a time, and never written. */
@Injectable()
export class ReplayMaterial {
  constructor(
    private readonly candles: CandleRepository,
    private readonly trades: TradeRepository,
    private readonly instruments: InstrumentsService,
  ) {}

  /** Throws DATA_UNKNOWN_INSTRUMENT, and DATA_REPLAY_INVALID when an instrument has nothing in the range. */
  async check(request: StartReplay, range: Range): Promise<void> {
    for (const instrument of request.instruments) this.instruments.require(instrument);
    for (const instrument of request.instruments) {
      const timeframe = request.timeframe as Timeframe | undefined;
      const pages = timeframe
        ? this.candlePages(instrument, timeframe, range, 1)
        : this.tradePages(instrument, range, 1);
      if ((await pages.next()).length > 0) continue;
      throw dataProblem('DATA_REPLAY_INVALID', {
        detail: `nothing is stored of ${instrument} from ${request.from} to ${request.to} (${timeframe ? `${timeframe} candles` : 'trades'}); import it first, or choose another range`,
        facts: { instrument },
      });
    }
  }

  open(
    request: StartReplay,
    range: Range,
  ): { steps: AsyncIterable<ReplayStep>; candles: Map<string, SessionCandles> } {
    const timeframe = request.timeframe as Timeframe | undefined;
    if (timeframe) {
      const pages = request.instruments.map((instrument) =>
        this.candlePages(instrument, timeframe, range, pageRows),
      );
      return { steps: candleSteps(pages, timeframeMs(timeframe)), candles: new Map() };
    }
    const pages = request.instruments.map((instrument) => this.tradePages(instrument, range, pageRows));
    const builders = request.instruments.map((instrument): [string, SessionCandles] => {
      const { tickSize, lotSize } = this.instruments.require(instrument);
      const scales = { price: scaleOf(tickSize), quantity: scaleOf(lotSize) };
      return [instrument, new SessionCandles(range.fromMs, range.toMs, scales)];
    });
    return { steps: tradeSteps(pages), candles: new Map(builders) };
  }

  /** Candles that open and close within the range. */
  private candlePages(
    instrument: string,
    timeframe: Timeframe,
    range: Range,
    limit: number,
  ): RowPages<BuiltCandle> {
    let { fromMs } = range;
    const toMs = range.toMs - timeframeMs(timeframe) + 1;
    return {
      instrument,
      next: async () => {
        const rows = await this.candles.range({ instrument, timeframe, fromMs, toMs, limit });
        fromMs = (rows.at(-1)?.openTimeMs ?? toMs) + 1;
        return rows;
      },
    };
  }

  private tradePages(instrument: string, range: Range, limit: number): RowPages<StoredTrade> {
    let from = { timeMs: range.fromMs, place: -1, id: '' };
    return {
      instrument,
      next: async () => {
        const rows = await this.trades.forward({ instrument, from, toMs: range.toMs, limit });
        const last = rows.at(-1);
        // No id is longer than this one and begins like it, so the next page begins after the last row.
        if (last) from = { timeMs: last.timeMs, place: last.place, id: `${last.id} ` };
        return rows;
      },
    };
  }
}
