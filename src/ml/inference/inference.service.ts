import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus, liveSession } from '../../kernel/events.js';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock, timeframeMs, type Timeframe } from '../../kernel/time.js';
import type { CandleClosed, ReplayEnded } from '../../data/contract/events.js';
import { mlProblem } from '../contract/errors.js';
import type { PredictionMade } from '../contract/events.js';
import type { PredictionRequest } from '../contract/predictions.js';
import { featureSet } from '../features/feature-sets.js';
import type { FeatureSet } from '../features/feature-set.js';
import { mlMetrics, type MlMetrics } from '../ml.metrics.js';
import { ModelRegistry, type ModelPair } from '../registry/model-registry.service.js';
import type { LoadedModel } from '../registry/model-session.adapter.js';
import { FeatureStreams, type Current } from './feature-streams.service.js';
import { opinionOf } from './opinion.js';
import { PredictionCache } from './prediction-cache.js';
import { PredictionWriter } from './prediction-writer.service.js';
import type { StoredPrediction } from './prediction.repository.js';

const cacheSizeMax = 10_000;

/**
 * Runs the champions on every closed candle and on request. A live prediction is stored before anybody hears of it,
 * and the same candle seen by the same models is never computed twice.
 */
@Injectable()
export class Inference implements OnModuleInit {
  private readonly cache = new PredictionCache<StoredPrediction>(cacheSizeMax);
  private readonly metrics: MlMetrics;
  private readonly log: Log;

  constructor(
    private readonly registry: ModelRegistry,
    private readonly streams: FeatureStreams,
    private readonly writer: PredictionWriter,
    private readonly events: EventBus,
    private readonly clock: Clock,
    log: Log,
    metrics: Metrics,
  ) {
    this.log = log.of('ml.inference');
    this.metrics = mlMetrics(metrics);
    this.metrics.cacheSize(() => this.cache.size);
  }

  onModuleInit(): void {
    this.events.subscribe<CandleClosed>('data.candle-closed', 'ml.inference', (event) =>
      this.onCandleClosed(event),
    );
    this.events.subscribe<ReplayEnded>('data.replay-ended', 'ml.inference', async (event) => {
      this.streams.forget(event.session);
      await this.writer.end(event.session);
    });
  }

  /** On the newest closed candle; `cached` says that no model ran. */
  async predict(request: PredictionRequest): Promise<{ prediction: StoredPrediction; cached: boolean }> {
    const { instrument, model } = request;
    const timeframe = request.timeframe as Timeframe;
    const pair = this.registry.pairFor(timeframe, model);
    if (pair === null) {
      throw mlProblem('ML_NO_MODEL', {
        detail: `No ${model ? `model ${model}` : 'champion'} predicts ${timeframe} candles; there are ${this.registry.offered().join(', ') || 'none'}.`,
        facts: { timeframe, model: model ?? null },
      });
    }
    const set = setOf(pair);
    const current = await this.streams.current({ session: liveSession, instrument, timeframe, set });
    if (!current.stream.warm) {
      throw mlProblem('ML_NOT_WARM', {
        detail: `${instrument} has ${current.stream.barsSeen} closed ${timeframe} candles in a row; ${set.barsNeeded} are needed. Import or record more history.`,
        facts: { candles: current.stream.barsSeen, needed: set.barsNeeded },
      });
    }
    const known = this.cache.get(cacheKey(liveSession, instrument, timeframe, current.stream.timeMs, pair));
    this.metrics.cacheReads.inc({ outcome: known ? 'hit' : 'miss' });
    if (known) return { prediction: known, cached: true };
    return {
      prediction: await this.compute(
        { session: liveSession, instrument, timeframe },
        pair,
        current,
        'request',
      ),
      cached: false,
    };
  }

  private async onCandleClosed(event: CandleClosed): Promise<void> {
    const { instrument, timeframe, openTimeMs } = event.data;
    const pair = this.registry.pairFor(timeframe);
    if (pair === null) return;
    const startedMs = this.clock.monotonicMs();
    const current = await this.streams.closed(event, setOf(pair));
    if (current === null || !current.stream.warm) {
      this.metrics.skipped.inc({ reason: current === null ? 'repeated' : 'not_warm' });
      return;
    }
    const prediction = await this.compute(
      { session: event.session, instrument, timeframe },
      pair,
      current,
      'candle',
      event.timeMs,
    );
    this.metrics.candleToPredictionSeconds.observe((this.clock.monotonicMs() - startedMs) / 1000);
    const made: PredictionMade = {
      type: 'ml.prediction-made',
      key: event.key,
      session: event.session,
      timeMs: event.timeMs,
      data: {
        instrument,
        timeframe,
        candleTimeMs: openTimeMs,
        close: prediction.close,
        horizon: prediction.horizon,
        probabilityUp: prediction.probabilityUp,
        expectedReturn: prediction.expectedReturn,
        expectedVolatility: prediction.expectedVolatility,
        trustOk: prediction.trustOk,
        trustReasons: prediction.trustReasons,
        model: prediction.model,
        modelVersion: prediction.modelVersion,
      },
    };
    // A replay's clock waits for us, so we wait for those who act on the prediction.
    await this.events.publish(made);
  }

  private async compute(
    series: { session: string; instrument: string; timeframe: Timeframe },
    pair: ModelPair,
    current: Current,
    origin: 'candle' | 'request',
    nowMs: number = this.clock.nowMs(),
  ): Promise<StoredPrediction> {
    const { direction, volatility } = pair;
    const candleTimeMs = current.stream.timeMs;
    const features = new Float32Array(direction.manifest.input.columns);
    current.stream.writeTo(features);
    const { close } = current;
    let opinion;
    try {
      opinion = opinionOf({
        direction: direction.manifest,
        volatility: volatility.manifest,
        directionOutput: await this.run(direction, features),
        volatilityOutput: await this.run(volatility, features),
        features,
      });
    } catch (error) {
      this.log.error({ ...series, candleTimeMs, error: String(error) }, 'a model gave no usable output');
      throw mlProblem('ML_INFERENCE_FAILED', {
        detail: `The models gave no usable output: ${(error as Error).message}`,
      });
    }
    const { timeframe } = series;
    const trustReasons = [...opinion.trustReasons];
    if (series.session === liveSession && nowMs - candleTimeMs > 3 * timeframeMs(timeframe))
      trustReasons.push('stale_candle');
    const prediction: StoredPrediction = {
      ...series,
      candleTimeMs,
      close,
      model: direction.manifest.name,
      modelVersion: direction.manifest.version,
      volatilityModel: `${volatility.manifest.name}@${volatility.manifest.version}`,
      horizon: direction.manifest.horizon,
      probabilityUp: opinion.probabilityUp,
      expectedReturn: opinion.expectedReturn,
      expectedVolatility: opinion.expectedVolatility,
      trustOk: trustReasons.length === 0,
      trustReasons,
      madeAtMs: nowMs,
    };
    await this.writer.add(prediction, origin);
    // A replay sees each candle once; only live predictions are asked for again.
    if (series.session === liveSession) {
      this.cache.set(cacheKey(series.session, series.instrument, timeframe, candleTimeMs, pair), prediction);
    }
    return prediction;
  }

  private async run(model: LoadedModel, features: Float32Array): Promise<number> {
    const startedMs = this.clock.monotonicMs();
    const [output] = await model.run(features, 1);
    this.metrics.inferenceSeconds.observe((this.clock.monotonicMs() - startedMs) / 1000, {
      model: model.manifest.name,
    });
    return output;
  }
}

/** Both models of a pair must read the same vector; the registry loads only models whose set this build computes. */
function setOf(pair: ModelPair): FeatureSet {
  const set = featureSet(pair.direction.manifest.featureSet);
  if (set === null || pair.volatility.manifest.featureSet !== set.name) {
    throw mlProblem('ML_NO_MODEL', {
      detail: 'The champions were trained on different feature sets; train them on the same one.',
    });
  }
  return set;
}

function cacheKey(
  session: string,
  instrument: string,
  timeframe: string,
  candleTimeMs: number,
  { direction, volatility }: ModelPair,
): string {
  return `${session}|${instrument}|${timeframe}|${candleTimeMs}|${direction.manifest.sha256}|${volatility.manifest.sha256}`;
}
