import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import type { Principal } from '../../kernel/principal.js';
import { Clock, type Timeframe } from '../../kernel/time.js';
import { Database, type Sql } from '../../platform/database/database.service.js';
import { CandlesService } from '../candles/candles.service.js';
import { dataProblem } from '../contract/errors.js';
import { CandleImportQuery, Imports, TradeImportQuery } from '../contract/imports.js';
import type { Job } from '../contract/jobs.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { type JobContext, type JobOutcome, JobStopped } from '../jobs/job-kind.js';
import { JobsService } from '../jobs/jobs.service.js';
import { csvLines } from './csv-file.adapter.js';
import { DeriveCandles } from './derive-candles.repository.js';
import { addFault, emptyReport, fieldErrors, type ImportReport, reportedMax } from './import-report.js';
import { candlePlan, type Plan, type ReadLine, tradePlan } from './import-plan.js';
import { ImportStage } from './import-stage.repository.js';
import { SpoolAdapter, type SpooledFile } from './spool.adapter.js';

/** What a job row keeps of the request. */
interface ImportRequest {
  readonly spool: string;
  readonly query: CandleImportQuery & TradeImportQuery;
}

/** Share of the progress that reading the file is; writing and deriving are the rest. */
const readingShare = 0.7;
const copyChunkChars = 64 * 1024;

/** CSV files into candles and trades: all of a file or nothing, unless it is asked to skip bad lines. */
@Injectable()
export class ImportsService extends Imports implements OnModuleInit, OnApplicationBootstrap {
  private readonly metrics: DataMetrics;

  constructor(
    private readonly database: Database,
    private readonly stages: ImportStage,
    private readonly deriving: DeriveCandles,
    private readonly spool: SpoolAdapter,
    private readonly jobs: JobsService,
    private readonly instruments: InstrumentsService,
    private readonly stored: CandlesService,
    private readonly config: DataConfig,
    private readonly clock: Clock,
    metrics: Metrics,
    private readonly log: Log,
  ) {
    super();
    this.metrics = dataMetrics(metrics);
  }

  onModuleInit(): void {
    const kinds = { 'import-candles': candlePlan, 'import-trades': tradePlan };
    for (const [kind, planOf] of Object.entries(kinds)) {
      this.jobs.register({
        kind,
        run: (request, context) => {
          const { spool, query } = request as ImportRequest;
          return this.run(planOf(query, this.clock.nowMs()), spool, query, context);
        },
        ended: (request) => this.spool.drop((request as ImportRequest).spool),
      });
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    const open = (await this.jobs.openRequests()) as ImportRequest[];
    const swept = await this.spool.sweep(new Set(open.map(({ spool }) => spool)));
    if (swept > 0) this.log.info({ files: swept }, 'bodies of imports that nobody asks for were deleted');
  }

  candles(command: { principal: Principal; spool: string; query: CandleImportQuery }): Promise<Job> {
    return this.submit('import-candles', command);
  }

  trades(command: { principal: Principal; spool: string; query: TradeImportQuery }): Promise<Job> {
    return this.submit('import-trades', command);
  }

  private async submit(
    kind: string,
    command: { principal: Principal; spool: string; query: CandleImportQuery | TradeImportQuery },
  ): Promise<Job> {
    const { principal, spool, query } = command;
    try {
      this.instruments.require(query.instrument);
      await this.spool.open(spool);
      return await this.jobs.submit({ kind, owner: principal, request: { spool, query } });
    } catch (error) {
      // No job will ever ask for it.
      await this.spool.drop(spool);
      throw error;
    }
  }

  private async run(
    plan: Plan,
    spool: string,
    query: ImportRequest['query'],
    context: JobContext,
  ): Promise<JobOutcome> {
    const file = await this.spool.open(spool);
    const report = emptyReport();
    const outcome = await this.database
      .transaction((tx) => this.work(tx, plan, file, query, report, context), { statementTimeoutMs: 0 })
      .catch((error: unknown) => {
        if (error instanceof Refused) return error.outcome;
        throw error;
      });
    if (report.inserted + report.replaced > 0 && !outcome.problem) this.stored.changed(query.instrument);
    this.count(plan.kind, query, report, outcome.problem === undefined);
    return outcome;
  }

  /** Everything inside the one transaction; throws Refused to leave nothing behind. */
  private async work(
    tx: Sql,
    plan: Plan,
    file: SpooledFile,
    query: ImportRequest['query'],
    report: ImportReport,
    context: JobContext,
  ): Promise<JobOutcome> {
    const { stage } = plan;
    const skip = query.onError === 'skip';
    const goOn = (): void => {
      if (context.signal.aborted) throw new JobStopped();
    };
    await this.stages.create(tx, stage);
    await this.stages.fill(tx, plan.columns, this.lines(plan, file, report, context));
    goOn();
    if (plan.kind === 'trades') await this.stages.placeTrades(tx);
    const repeated = await this.stages.dropRepeated(tx, stage);
    report.errorCount += repeated.count;
    report.errors.push(...repeated.faults.slice(0, reportedMax - report.errors.length));
    report.errors.sort((a, b) => a.line - b.line);
    if (report.errorCount > 0 && !skip) throw refused('DATA_IMPORT_INVALID', report);
    report.skipped = report.errorCount;
    goOn();
    const { same, different, faults } = await this.stages.compare(tx, stage);
    const onConflict = query.onConflict ?? 'fail';
    if (different > 0 && onConflict === 'fail') {
      throw refused('DATA_IMPORT_CONFLICT', { ...report, errorCount: different, errors: faults });
    }
    goOn();
    context.progress(0.8, `${report.rows} lines read; writing`);
    const written = await this.stages.write(tx, stage, onConflict === 'replace');
    report.unchanged = same;
    report.inserted = written.inserted;
    report.replaced = written.replaced;
    report.kept = different - written.replaced;
    if (plan.kind === 'candles' && written.fromMs !== null) {
      context.progress(0.9, `${written.inserted} candles written; making larger ones`);
      const series = { instrument: query.instrument, timeframe: query.timeframe as Timeframe };
      const range = { fromMs: written.fromMs, toMs: written.toMs! };
      report.derived = await this.deriving.derive(tx, { ...series, ...range }, goOn);
    }
    goOn();
    return { detail: sentence(report), result: report };
  }

  /** The file as text for COPY, in chunks; faults go into the report as they are met. */
  private async *lines(
    plan: Plan,
    file: SpooledFile,
    report: ImportReport,
    context: JobContext,
  ): AsyncGenerator<string> {
    const read = (bytes: number): void =>
      context.progress((readingShare * bytes) / Math.max(1, file.bytes), `${report.rows} lines read`);
    let readLine: ReadLine | null = null;
    let text = '';
    for await (const batch of csvLines(file, { bytesMax: this.config.importUnpackedBytesMax, read })) {
      if (context.signal.aborted) throw new JobStopped();
      for (const [n, fields] of batch.lines.entries()) {
        if (fields.length === 1 && fields[0].trim() === '') continue;
        const line = batch.line + n;
        if (readLine === null) {
          const reader = plan.reader(fields);
          if (reader === null) {
            addFault(report, line, `the header must be ${plan.headers.join(' or ')}`);
            throw refused('DATA_IMPORT_INVALID', report);
          }
          readLine = reader.read;
          if (reader.headed) continue;
        }
        report.rows += 1;
        const row = readLine(fields);
        if (typeof row === 'object') addFault(report, line, row.fault);
        else text += `${line}\t${row}\n`;
      }
      if (text.length < copyChunkChars) continue;
      yield text;
      text = '';
    }
    if (readLine === null) {
      throw dataProblem('DATA_IMPORT_UNREADABLE', {
        detail: `the file has no lines; it must begin with the header ${plan.headers.join(' or ')}`,
      });
    }
    if (text !== '') yield text;
  }

  private count(kind: string, query: ImportRequest['query'], report: ImportReport, kept: boolean): void {
    const outcomes = kept
      ? {
          inserted: report.inserted,
          unchanged: report.unchanged,
          replaced: report.replaced,
          kept: report.kept,
          skipped: report.skipped,
        }
      : { refused: report.rows };
    for (const [outcome, rows] of Object.entries(outcomes)) {
      if (rows > 0) this.metrics.importRows.inc({ kind, outcome }, rows);
    }
    if (!kept) return;
    const written = report.inserted + report.replaced;
    if (kind === 'trades') this.metrics.tradesStored.inc({ origin: 'import' }, report.inserted);
    else if ('timeframe' in query && written > 0) {
      this.metrics.candlesStored.inc({ timeframe: query.timeframe, source: 'import' }, written);
    }
    for (const [timeframe, candles] of Object.entries(report.derived)) {
      if (candles > 0) this.metrics.candlesStored.inc({ timeframe, source: 'derived' }, candles);
    }
  }
}

/** A foreseen "no" in the middle of the transaction, which must roll back. */
class Refused extends Error {
  constructor(readonly outcome: JobOutcome) {
    super(outcome.detail);
  }
}

function refused(code: 'DATA_IMPORT_INVALID' | 'DATA_IMPORT_CONFLICT', report: ImportReport): Refused {
  const { errorCount, errors } = report;
  const detail =
    code === 'DATA_IMPORT_INVALID'
      ? `${errorCount} bad ${errorCount === 1 ? 'line' : 'lines'}, the first is line ${errors[0].line}: ${errors[0].detail}; nothing was imported. Correct the file, or leave bad lines out with onError=skip`
      : `${errorCount} ${errorCount === 1 ? 'row differs' : 'rows differ'} from what is stored; nothing was imported. Choose with onConflict=replace or keep`;
  const problem = dataProblem(code, { detail, errors: fieldErrors(errors), facts: { errorCount } });
  // Whatever was counted on the way was rolled back.
  const result = { ...report, inserted: 0, unchanged: 0, replaced: 0, kept: 0, skipped: 0, derived: {} };
  return new Refused({ detail, result, problem });
}

function sentence({ rows, inserted, unchanged, replaced, kept, skipped }: ImportReport): string {
  return `${rows} rows: ${inserted} inserted, ${unchanged} unchanged, ${replaced} replaced, ${kept} kept, ${skipped} skipped`;
}
