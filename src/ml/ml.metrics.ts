import type { Counter, Histogram, Metrics } from '../kernel/metrics.js';

export interface MlMetrics {
  readonly predictions: Counter<'model' | 'origin'>;
  readonly skipped: Counter<'reason'>;
  readonly inferenceSeconds: Histogram<'model'>;
  readonly candleToPredictionSeconds: Histogram;
  readonly cacheReads: Counter<'outcome'>;
  readonly streamsEvicted: Counter;
  streams(read: () => number): void;
  cacheSize(read: () => number): void;
  models(read: () => number): void;
  waiting(read: () => number): void;
}

/** Everything `ml` counts; `model` is bounded by the registry. */
export function mlMetrics(metrics: Metrics): MlMetrics {
  return {
    predictions: metrics.counter({
      name: 'ml_predictions_total',
      help: 'Predictions made by running the models, by direction model and origin (candle or request).',
      labels: ['model', 'origin'],
    }),
    skipped: metrics.counter({
      name: 'ml_predictions_skipped_total',
      help: 'Closed candles of a modelled timeframe that got no prediction, by reason.',
      labels: ['reason'],
    }),
    inferenceSeconds: metrics.histogram({
      name: 'ml_inference_seconds',
      help: 'Time of one run of one model.',
      labels: ['model'],
      buckets: [0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.02],
    }),
    candleToPredictionSeconds: metrics.histogram({
      name: 'ml_candle_to_prediction_seconds',
      help: 'From hearing of a closed candle to its stored prediction.',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    }),
    cacheReads: metrics.counter({
      name: 'ml_prediction_cache_reads_total',
      help: 'Requests for a prediction, by whether the cache had it.',
      labels: ['outcome'],
    }),
    streamsEvicted: metrics.counter({
      name: 'ml_feature_streams_evicted_total',
      help: 'Warm feature streams dropped for room.',
    }),
    streams: (read) =>
      metrics.observed({ name: 'ml_feature_streams', help: 'Feature streams kept warm.' }, read),
    cacheSize: (read) =>
      metrics.observed({ name: 'ml_prediction_cache_entries', help: 'Predictions held in memory.' }, read),
    waiting: (read) =>
      metrics.observed(
        { name: 'ml_predictions_waiting', help: 'Predictions of replays that wait to be stored together.' },
        read,
      ),
    models: (read) => metrics.observed({ name: 'ml_models_loaded', help: 'Models ready to run.' }, read),
  };
}
