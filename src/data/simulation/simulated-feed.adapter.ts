import { Injectable } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { Clock, dayMs, minuteMs } from '../../kernel/time.js';
import type { BuiltCandle, CandleRun } from '../candles/built-candle.js';
import { CandleRepository } from '../candles/candle.repository.js';
import { CandlesService } from '../candles/candles.service.js';
import { DataConfig } from '../data.config.js';
import type { FeedSource, TickSink } from '../feeds/feed-source.js';
import type { Tick } from '../feeds/tick.js';
import { TradeRepository } from '../market/trade.repository.js';
import { simulatedHistory } from './simulated-history.js';
import { simulatedInstruments } from './simulated-instruments.js';
import { SimulatedMarket, simulatedStepMs } from './simulated-market.js';

/** Steps made before others get their turn: about 20 ms of work. */
const stepsPerTurn = 400;
/** Longest sleep: our clock may be set forward meanwhile. */
const waitMsMax = 5_000;
const endOfTimeMs = 8_640_000_000_000_000;

/**
 * The simulated market as a feed. It begins at a whole minute, its anchor: the past is written up to there, from the
 * seed and the anchor alone, and live steps go on from there. After a pause the time since the newest stored candle is
 * filled from its close, up to the configured days; what lies further back stays a hole. With a speed above 1 its clock
 * runs ahead of ours, and a restart goes on where it stood.
 */
@Injectable()
export class SimulatedFeed implements FeedSource {
  readonly id = 'sim';
  readonly origin = 'simulated';
  readonly instruments = simulatedInstruments.map(({ id }) => id);
  private market: SimulatedMarket | null = null;
  private timer: NodeJS.Timeout | null = null;
  private startedAtMs = 0;
  private startedFromMs = 0;
  private readonly log: Log;

  constructor(
    private readonly candleRows: CandleRepository,
    private readonly candles: CandlesService,
    private readonly trades: TradeRepository,
    private readonly config: DataConfig,
    private readonly clock: Clock,
    log: Log,
  ) {
    this.log = log.of('simulation');
  }

  /** How far it has been played. */
  nowMs(): number {
    return this.market?.nowMs ?? this.clock.nowMs();
  }

  async prepare(sink: Pick<TickSink, 'begin'>): Promise<void> {
    const beganMs = this.clock.monotonicMs();
    const nowMs = this.clock.nowMs();
    const minuteNowMs = Math.floor(nowMs / minuteMs) * minuteMs;
    const pastMs = this.config.simHistoryDays * dayMs;
    const last = await this.lastMinutes();
    const seenUntilMs = Math.max(...[...last.values()].map((candle) => candle.openTimeMs + minuteMs));
    const first = last.size === 0;
    const anchorMs = first ? minuteNowMs : Math.max(minuteNowMs, seenUntilMs);
    const fromMs = first ? anchorMs - pastMs : Math.max(seenUntilMs, anchorMs - pastMs);
    const prices = new Map([...last].map(([id, candle]) => [id, Number(candle.close)]));
    const market = new SimulatedMarket({ seed: this.config.simSeed, fromMs, prices });
    const seen = fromMs === seenUntilMs ? await this.dayBefore(fromMs) : new Map<string, BuiltCandle[]>();
    // Trades of a minute that never closed are not in any candle; the minute is made anew.
    for (const id of this.instruments) if (!first) await this.trades.deleteFrom(id, seenUntilMs);
    const written =
      fromMs < anchorMs
        ? await this.candleRows.copy(flat(simulatedHistory(market, anchorMs, seen)), 'simulated', {
            // Its first larger candles may have begun up to a day before.
            fromMs: fromMs - dayMs,
            toMs: anchorMs,
          })
        : 0;
    if (written > 0) this.candles.changed();
    this.market = market;
    this.log.info(
      {
        seed: this.config.simSeed,
        candles: written,
        from: new Date(fromMs).toISOString(),
        to: new Date(anchorMs).toISOString(),
        tookMs: Math.round(this.clock.monotonicMs() - beganMs),
      },
      first ? 'the simulated past is written' : 'the simulated market goes on where it stood',
    );
    await sink.begin(this.instruments);
  }

  async start(sink: TickSink): Promise<void> {
    // The seconds of the anchor's minute that have passed are caught up at once.
    this.startedAtMs = this.clock.nowMs();
    this.startedFromMs = Math.max(this.nowMs(), this.startedAtMs);
    this.run(sink);
  }

  async stop(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.market = null;
  }

  private run(sink: TickSink): void {
    const market = this.market;
    if (market === null) return;
    const targetMs = this.targetMs();
    const ticks: Tick[] = [];
    let steps = 0;
    for (; steps < stepsPerTurn && market.nowMs + simulatedStepMs <= targetMs; steps += 1) {
      market.nextStep().forEach((trades, n) => {
        const instrument = this.instruments[n];
        for (const trade of trades) ticks.push({ kind: 'trade', instrument, ...trade });
      });
    }
    if (steps > 0) {
      sink.accept(ticks);
      sink.accept(this.present(market));
    }
    const { simSpeed, marketBatchMs } = this.config;
    // Due when the next batch's steps are over, on this market's clock: then nothing waits for the next beat.
    const dueMs = market.nowMs + Math.max(simulatedStepMs, marketBatchMs * simSpeed);
    const waitMs = steps < stepsPerTurn ? Math.max(1, Math.ceil((dueMs - this.targetMs()) / simSpeed)) : 0;
    this.timer = setTimeout(() => this.run(sink), Math.min(waitMs, waitMsMax));
  }

  /** How far it should have been played by now. */
  private targetMs(): number {
    const passedMs = Math.max(0, this.clock.nowMs() - this.startedAtMs);
    return this.startedFromMs + passedMs * this.config.simSpeed;
  }

  /** Quotes, books and the watermark as they stand. */
  private present(market: SimulatedMarket): Tick[] {
    const timeMs = market.nowMs;
    return this.instruments.flatMap((instrument, n): Tick[] => {
      const { bids, asks } = market.book(n);
      const [[bid, bidSize]] = bids;
      const [[ask, askSize]] = asks;
      return [
        { kind: 'quote', instrument, bid, bidSize, ask, askSize, timeMs },
        { kind: 'book', instrument, bids, asks, timeMs },
        { kind: 'watermark', instrument, timeMs },
      ];
    });
  }

  private async lastMinutes(): Promise<Map<string, BuiltCandle>> {
    const last = new Map<string, BuiltCandle>();
    for (const id of this.instruments) {
      const query = { instrument: id, timeframe: '1m' as const, toMs: endOfTimeMs, limit: 1 };
      const [candle] = await this.candleRows.newest(query);
      if (candle) last.set(id, candle);
    }
    return last;
  }

  /** The stored minutes of the day before `untilMs`, so that the first larger candles after it are whole. */
  private async dayBefore(untilMs: number): Promise<Map<string, BuiltCandle[]>> {
    const fromMs = Math.floor(untilMs / dayMs) * dayMs;
    const seen = new Map<string, BuiltCandle[]>();
    for (const id of this.instruments) {
      const query = {
        instrument: id,
        timeframe: '1m' as const,
        fromMs,
        toMs: untilMs,
        limit: dayMs / minuteMs,
      };
      seen.set(id, await this.candleRows.range(query));
    }
    return seen;
  }
}

function* flat(chunks: Iterable<CandleRun[]>): Generator<CandleRun> {
  for (const runs of chunks) yield* runs;
}
