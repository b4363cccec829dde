import { Injectable } from '@nestjs/common';
import { liveSession } from '../../kernel/events.js';
import { Metrics } from '../../kernel/metrics.js';
import { mlMetrics, type MlMetrics } from '../ml.metrics.js';
import { PredictionRepository, type StoredPrediction } from './prediction.repository.js';

/** Predictions of one replay that may wait to be stored together. */
const waitingMax = 500;

/**
 * Stores predictions. A live one is committed before anybody hears of it. Those of a replay are stored in batches,
 * all of them before the replay is told to have ended: a replay that breaks off has failed as a whole, so one commit
 * for each of its candles would buy nothing and cost most of its time.
 */
@Injectable()
export class PredictionWriter {
  private readonly waiting = new Map<string, StoredPrediction[]>();
  private readonly metrics: MlMetrics;

  constructor(
    private readonly repository: PredictionRepository,
    metrics: Metrics,
  ) {
    this.metrics = mlMetrics(metrics);
    this.metrics.waiting(() => [...this.waiting.values()].reduce((sum, batch) => sum + batch.length, 0));
  }

  /** A prediction that is stored already is not stored, or counted, again. */
  async add(prediction: StoredPrediction, origin: 'candle' | 'request'): Promise<void> {
    if (prediction.session === liveSession) {
      if (await this.repository.add(prediction)) this.count(prediction.model, origin, 1);
      return;
    }
    const batch = this.waiting.get(prediction.session) ?? [];
    this.waiting.set(prediction.session, batch);
    batch.push(prediction);
    if (batch.length >= waitingMax) await this.flush(prediction.session);
  }

  /** Stores what waits of a session; it keeps waiting when that fails. */
  async flush(session: string): Promise<void> {
    const batch = this.waiting.get(session);
    if (batch === undefined || batch.length === 0) return;
    // Emptied first: what arrives while these are being stored belongs to the next batch.
    this.waiting.set(session, []);
    try {
      this.count(batch[0].model, 'candle', await this.repository.addAll(batch));
    } catch (error) {
      this.waiting.set(session, [...batch, ...(this.waiting.get(session) ?? [])]);
      throw error;
    }
  }

  /** The session is over: the last of it is stored. */
  async end(session: string): Promise<void> {
    await this.flush(session);
    this.waiting.delete(session);
  }

  private count(model: string, origin: 'candle' | 'request', by: number): void {
    if (by > 0) this.metrics.predictions.inc({ model, origin }, by);
  }
}
