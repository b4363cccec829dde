import { Injectable } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import { EventBus, liveSession } from '../../kernel/events.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock, minuteMs, toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import { CandlesService } from '../candles/candles.service.js';
import { LiveCandles } from '../candles/live-candles.service.js';
import type { CandlesRepaired } from '../contract/events.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { HistoryRepository } from '../history/history.repository.js';
import { HistoryWriter, type Written } from '../history/history-writer.service.js';
import { VenueAsk } from '../history/venue-ask.service.js';
import type { VenueCandle, VenueHistory } from '../venues/venue.js';
import { type OpenRepair, RepairRepository, type RepairProgress } from './repair.repository.js';

/** Candles asked for on both sides of a hole: what the venue tells of them is held against ours. */
const neighbours = 2;
/** Times a venue is asked for one hole; with a look a minute, an hour. */
const attemptsMax = 60;

/**
 * One attempt at a repair: the venue is asked for the hole and the candles around it, what it tells is stored, what
 * differs of ours gives way to it and is written down, and larger candles are made anew.
 */
@Injectable()
export class RepairWork {
  private readonly metrics: DataMetrics;

  constructor(
    private readonly database: Database,
    private readonly repairs: RepairRepository,
    private readonly ask: VenueAsk,
    private readonly history: HistoryRepository,
    private readonly writer: HistoryWriter,
    private readonly stored: CandlesService,
    private readonly live: LiveCandles,
    private readonly bus: EventBus,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.metrics = dataMetrics(metrics);
  }

  /** Answers the state the repair is in afterwards. */
  async attempt(
    history: VenueHistory,
    instrument: string,
    repair: OpenRepair,
    signal: AbortSignal,
  ): Promise<RepairProgress['state']> {
    let candles: VenueCandle[];
    try {
      candles = await this.told(history, instrument, repair, signal);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const final = error.code === 'DATA_BACKFILL_REFUSED' || repair.attempts + 1 >= attemptsMax;
      const nothing = { inserted: 0, replaced: 0, quiet: 0, changes: [] };
      const state = final ? 'given_up' : 'open';
      await this.note(repair, { ...nothing, state, detail: error.content.detail });
      return state;
    }
    const series = { instrument, timeframe: '1m' as const };
    const { written, progress } = await this.database.transaction(async (tx) => {
      const span = {
        fromMs: repair.fromMs - neighbours * minuteMs,
        toMs: repair.toMs + neighbours * minuteMs,
      };
      const known = await this.history.stored(tx, series, span);
      const written = await this.writer.write(tx, {
        series,
        // A minute after the hole that the live market is about to close is not taken from it.
        candles: candles.filter(({ openTimeMs }) => within(repair, openTimeMs) || known.has(openTimeMs)),
        lastMs: null,
        source: 'repair',
        // What the live market made is held to the venue's word; what somebody brought in is theirs.
        replaces: ({ source }) => source === 'feed' || source === 'derived',
        remade: ['derived', 'feed', 'repair'],
      });
      const progress = this.progressOf(repair, candles, written);
      await this.repairs.attempted(tx, repair.id, progress);
      return { written, progress };
    });
    this.count(progress);
    this.writer.count(series, written, 'repair');
    await this.tell(instrument, written);
    return progress.state;
  }

  private async told(
    history: VenueHistory,
    instrument: string,
    { fromMs, toMs }: OpenRepair,
    signal: AbortSignal,
  ): Promise<VenueCandle[]> {
    const closedMs = Math.floor(this.clock.nowMs() / minuteMs) * minuteMs;
    const endMs = Math.min(toMs + neighbours * minuteMs, closedMs);
    const candles: VenueCandle[] = [];
    for (let atMs: number | null = fromMs - neighbours * minuteMs; atMs !== null && atMs < endMs;) {
      const request = { instrument, timeframe: '1m' as const, fromMs: atMs, toMs: endMs };
      const page = await this.ask.candles(history, request, signal, 1);
      candles.push(...page.candles);
      atMs = page.nextFromMs;
    }
    return candles;
  }

  private progressOf(repair: OpenRepair, candles: readonly VenueCandle[], written: Written): RepairProgress {
    const { fromMs, toMs } = repair;
    const told = candles.filter(({ openTimeMs }) => within(repair, openTimeMs)).length;
    const quiet = written.quiet.reduce(
      (bars, span) =>
        bars + Math.max(0, Math.min(toMs, span.toMs) - Math.max(fromMs, span.fromMs)) / minuteMs,
      0,
    );
    const left = (toMs - fromMs) / minuteMs - told - quiet;
    const state = left <= 0 ? 'done' : repair.attempts + 1 >= attemptsMax ? 'given_up' : 'open';
    const words = [
      `${written.inserted.length} candles stored`,
      `${written.replaced.length} replaced`,
      `${quiet} bars without trades`,
      ...(left > 0 ? [`${left} still missing`] : []),
    ];
    return {
      state,
      finishedMs: state === 'open' ? null : this.clock.nowMs(),
      inserted: written.inserted.length,
      replaced: written.replaced.length,
      quiet,
      detail: words.join(', '),
      changes: written.replaced.map(({ stored, venue }) => ({
        time: toRfc3339(venue.openTimeMs),
        before: stored,
        after: venue,
      })),
    };
  }

  private async note(repair: OpenRepair, progress: Omit<RepairProgress, 'finishedMs'>): Promise<void> {
    const finishedMs = progress.state === 'open' ? null : this.clock.nowMs();
    await this.repairs.attempted(this.database, repair.id, { ...progress, finishedMs });
    this.count(progress);
  }

  private count({ state }: { state: RepairProgress['state'] }): void {
    this.metrics.repairs.inc({ outcome: state === 'open' ? 'tried' : state });
  }

  /** Whoever holds candles learns that the past is another one; nobody is told of a candle that closed. */
  private async tell(instrument: string, { inserted, replaced }: Written): Promise<void> {
    const changed = [...inserted, ...replaced.map(({ venue }) => venue)];
    if (changed.length === 0) return;
    this.stored.changed(instrument);
    for (const { openTimeMs, ...candle } of inserted) this.live.mend(instrument, { openTimeMs, ...candle });
    const times = changed.map(({ openTimeMs }) => openTimeMs).toSorted((a, b) => a - b);
    const event: CandlesRepaired = {
      type: 'data.candles-repaired',
      key: `${liveSession}:${instrument}`,
      timeMs: this.clock.nowMs(),
      session: liveSession,
      data: {
        instrument,
        fromMs: times[0],
        toMs: times.at(-1)! + minuteMs,
        inserted: inserted.length,
        replaced: replaced.length,
      },
    };
    await this.bus.publish(event);
  }
}

function within({ fromMs, toMs }: OpenRepair, timeMs: number): boolean {
  return timeMs >= fromMs && timeMs < toMs;
}
