import { Injectable } from '@nestjs/common';
import { Candles, candleLimitMax } from '../../data/contract/candles.js';
import { Problem } from '../../kernel/errors.js';
import { liveSession } from '../../kernel/events.js';
import { cursorOf, pageOf, readCursor, type Page } from '../../kernel/page.js';
import { Clock, timeframeMs, toRfc3339 } from '../../kernel/time.js';
import { mlProblem } from '../contract/errors.js';
import {
  Predictions,
  type PastPrediction,
  type Prediction,
  type PredictionBatchRequest,
  type PredictionQuery,
  type PredictionRequest,
} from '../contract/predictions.js';
import { Inference } from './inference.service.js';
import { PredictionWriter } from './prediction-writer.service.js';
import { PredictionRepository, type StoredPrediction } from './prediction.repository.js';

/** The port: asks the models, and looks back at what became of their answers. */
@Injectable()
export class PredictionsService extends Predictions {
  constructor(
    private readonly inference: Inference,
    private readonly repository: PredictionRepository,
    private readonly writer: PredictionWriter,
    private readonly candles: Candles,
    private readonly clock: Clock,
  ) {
    super();
  }

  async predict(query: PredictionRequest): Promise<Prediction> {
    const startedMs = this.clock.monotonicMs();
    const { prediction, cached } = await this.inference.predict(query);
    return toContract(prediction, cached, this.clock.monotonicMs() - startedMs);
  }

  async predictBatch(
    query: PredictionBatchRequest,
  ): Promise<{ items: { prediction?: Prediction; problem?: object }[] }> {
    const items = [];
    for (const request of query.requests) {
      try {
        items.push({ prediction: await this.predict(request) });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        items.push({ problem: error.toDocument() });
      }
    }
    return { items };
  }

  async list(query: PredictionQuery): Promise<Page<PastPrediction>> {
    const limit = query.limit ?? 100;
    const after =
      query.cursor === undefined ? undefined : readCursor(query.cursor, ['number', 'string', 'string']);
    if (after === null) {
      throw mlProblem('ML_CURSOR_INVALID', {
        detail: 'The cursor is not one this list gave; start again without it.',
      });
    }
    const session = query.session ?? liveSession;
    // What a running replay has predicted so far shows, too.
    await this.writer.flush(session);
    const rows = await this.repository.list({
      session,
      instrument: query.instrument,
      timeframe: query.timeframe,
      fromMs: query.from === undefined ? 0 : Date.parse(query.from),
      toMs: query.to === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(query.to),
      ...(after
        ? {
            after: {
              candleTimeMs: after[0] as number,
              timeframe: after[1] as string,
              model: after[2] as string,
            },
          }
        : {}),
      limit: limit + 1,
    });
    const realised = await this.realisedReturns(rows);
    return pageOf(
      rows,
      limit,
      (row) => ({ ...toContract(row, true, 0), realisedReturn: realised.get(row) ?? null }),
      (row) => cursorOf(row.candleTimeMs, row.timeframe, row.model),
    );
  }

  /** ln(close `horizon` bars later / close then), for the rows whose later candle is stored. */
  private async realisedReturns(rows: readonly StoredPrediction[]): Promise<Map<StoredPrediction, number>> {
    const realised = new Map<StoredPrediction, number>();
    for (const timeframe of new Set(rows.map((row) => row.timeframe))) {
      const own = rows.filter((row) => row.timeframe === timeframe);
      const barMs = timeframeMs(timeframe);
      const dueMs = (row: StoredPrediction): number => row.candleTimeMs + row.horizon * barMs;
      const dueTimes = own.map(dueMs);
      const closes = new Map<number, number>();
      const page = await this.candles.list({
        instrument: own[0].instrument,
        timeframe,
        from: toRfc3339(Math.min(...dueTimes)),
        to: toRfc3339(Math.max(...dueTimes) + barMs),
        limit: candleLimitMax,
      });
      for (const candle of page.items)
        if (candle.closed) closes.set(Date.parse(candle.time), Number(candle.close));
      for (const row of own) {
        const close = closes.get(dueMs(row));
        if (close !== undefined) realised.set(row, Math.log(close / Number(row.close)));
      }
    }
    return realised;
  }
}

function toContract(p: StoredPrediction, cached: boolean, latencyMs: number): Prediction {
  return {
    instrument: p.instrument,
    timeframe: p.timeframe,
    candleTime: toRfc3339(p.candleTimeMs),
    horizon: p.horizon,
    probabilityUp: p.probabilityUp,
    expectedReturn: p.expectedReturn,
    expectedVolatility: p.expectedVolatility,
    trust: { ok: p.trustOk, reasons: p.trustReasons },
    model: p.model,
    modelVersion: p.modelVersion,
    volatilityModel: p.volatilityModel,
    cached,
    latencyMs,
  };
}
