import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import type { Principal } from '../../kernel/principal.js';
import { Clock, openTimeMs, type Timeframe, timeframeMs, toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import { CandlesService } from '../candles/candles.service.js';
import { Backfills, type StartBackfill } from '../contract/backfills.js';
import { dataProblem } from '../contract/errors.js';
import type { Job } from '../contract/jobs.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { type JobContext, type JobOutcome, JobStopped } from '../jobs/job-kind.js';
import { JobRepository } from '../jobs/job.repository.js';
import { JobsService } from '../jobs/jobs.service.js';
import { readTimeRange } from '../time-range.js';
import { VenueHistories } from '../venues/venue-histories.service.js';
import type { VenueHistory } from '../venues/venue.js';
import { afterPage, backfillSentence, type BackfillState, beginBackfill } from './backfill-report.js';
import { HistoryWriter } from './history-writer.service.js';
import { VenueAsk } from './venue-ask.service.js';

/** What a job row keeps of the request. */
interface BackfillRequest {
  readonly instrument: string;
  readonly timeframe: Timeframe;
  readonly fromMs: number;
  readonly toMs: number;
  readonly onConflict: 'keep' | 'replace';
}

/** The past from the venues, a page a transaction: candles and how far the job is are committed together. */
@Injectable()
export class BackfillsService extends Backfills implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly histories: VenueHistories,
    private readonly ask: VenueAsk,
    private readonly writer: HistoryWriter,
    private readonly jobs: JobsService,
    private readonly jobRows: JobRepository,
    private readonly instruments: InstrumentsService,
    private readonly stored: CandlesService,
    private readonly clock: Clock,
  ) {
    super();
  }

  onModuleInit(): void {
    this.jobs.register({
      kind: 'backfill',
      lane: 'backfills',
      resumable: true,
      run: (request, context) => this.run(request as BackfillRequest, context),
      ended: async () => undefined,
    });
  }

  async start(command: { principal: Principal; backfill: StartBackfill }): Promise<Job> {
    const { instrument, onConflict = 'keep' } = command.backfill;
    const timeframe = command.backfill.timeframe as Timeframe;
    this.instruments.require(instrument);
    this.historyOf(instrument, timeframe);
    const { fromMs, toMs } = this.rangeOf(command.backfill);
    const request: BackfillRequest = { instrument, timeframe, fromMs, toMs, onConflict };
    return this.jobs.submit({ kind: 'backfill', owner: command.principal, request });
  }

  /** Open times asked for: on the grid, and closed by now. Throws DATA_RANGE_INVALID when there is none. */
  private rangeOf(backfill: StartBackfill): { fromMs: number; toMs: number } {
    const timeframe = backfill.timeframe as Timeframe;
    const { fromMs, toMs } = readTimeRange(backfill);
    const spanMs = timeframeMs(timeframe);
    const first = Math.ceil(fromMs! / spanMs) * spanMs;
    const end = Math.min(Math.ceil(toMs! / spanMs) * spanMs, openTimeMs(this.clock.nowMs(), timeframe));
    if (first < end && first >= 0) return { fromMs: first, toMs: end };
    throw dataProblem('DATA_RANGE_INVALID', {
      detail: `no ${timeframe} candle opens from ${toRfc3339(fromMs!)} to ${toRfc3339(toMs!)} that is closed by now; choose a range in the past that holds one`,
      errors: [{ pointer: '/to', detail: 'must leave room for one closed candle' }],
    });
  }

  /** Throws DATA_BACKFILL_REFUSED when nobody can be asked for these candles. */
  private historyOf(instrument: string, timeframe: Timeframe): VenueHistory {
    const history = this.histories.of(instrument);
    if (history === null) {
      const known = this.histories.venues().join(', ') || 'none';
      throw dataProblem('DATA_BACKFILL_REFUSED', {
        detail: `nobody can be asked about the past of ${instrument}; venues that can: ${known}. Import files instead, or add its feed to FEEDS`,
        facts: { instrument },
      });
    }
    if (!history.timeframes.includes(timeframe)) {
      throw dataProblem('DATA_BACKFILL_REFUSED', {
        detail: `${history.venue} keeps no ${timeframe} candles; it keeps ${history.timeframes.join(', ')}. Take a smaller one: larger ones are made of it`,
        facts: { instrument, timeframe },
      });
    }
    return history;
  }

  private async run(request: BackfillRequest, context: JobContext): Promise<JobOutcome> {
    const { instrument, timeframe, fromMs, toMs } = request;
    const history = this.historyOf(instrument, timeframe);
    let state = (context.kept as BackfillState | null) ?? beginBackfill(fromMs);
    while (state.atMs < toMs) {
      try {
        state = await this.page(history, request, state, context);
      } catch (error) {
        const { report } = state;
        if (error instanceof Problem) {
          const detail = `${error.content.detail}; ${backfillSentence(report)}`;
          return { detail, result: report, problem: error };
        }
        if (!context.signal.aborted) throw error;
        throw new JobStopped({
          detail: `canceled; what is stored stays: ${backfillSentence(report)}`,
          result: report,
        });
      }
      const words = `${state.report.candles} candles, to ${toRfc3339(Math.min(state.atMs, toMs))}`;
      context.progress((state.atMs - fromMs) / (toMs - fromMs), words);
    }
    return { detail: backfillSentence(state.report), result: state.report };
  }

  /** Fetches and stores the page that begins where `state` stands; answers the state after it, which is kept. */
  private async page(
    history: VenueHistory,
    { instrument, timeframe, toMs, onConflict }: BackfillRequest,
    state: BackfillState,
    context: JobContext,
  ): Promise<BackfillState> {
    const series = { instrument, timeframe };
    const request = { ...series, fromMs: state.atMs, toMs };
    const { candles, nextFromMs } = await this.ask.candles(history, request, context.signal);
    context.signal.throwIfAborted();
    const { written, next } = await this.database.transaction(
      async (tx) => {
        const written = await this.writer.write(tx, {
          series,
          candles,
          lastMs: state.lastMs,
          source: 'backfill',
          // A larger candle that was made of smaller ones gives way to the venue's own.
          replaces: ({ source }) => source === 'derived' || onConflict === 'replace',
        });
        const next = afterPage(
          state,
          {
            ...written,
            inserted: written.inserted.length,
            firstMs: candles.at(0)?.openTimeMs ?? null,
            lastMs: candles.at(-1)?.openTimeMs ?? null,
            nextMs: nextFromMs ?? toMs,
          },
          timeframe,
        );
        await this.jobRows.keep(tx, context.id, next);
        return { written, next };
      },
      { statementTimeoutMs: 0 },
    );
    const { inserted, replaced, quiet } = written;
    if (inserted.length + replaced.length + quiet.length > 0) this.stored.changed(instrument);
    this.writer.count(series, written, 'backfill');
    return next;
  }
}
