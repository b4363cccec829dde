import type { DomainEvent } from '../../kernel/events.js';
import type { Timeframe } from '../../kernel/time.js';

/** A prediction is stored. Key: `session:instrument:timeframe`. */
export type PredictionMade = DomainEvent<
  'ml.prediction-made',
  {
    instrument: string;
    timeframe: Timeframe;
    candleTimeMs: number;
    /** Close of that candle, decimal text. */
    close: string;
    horizon: number;
    probabilityUp: number;
    /** Log return over the horizon. */
    expectedReturn: number;
    /** Standard deviation of the log return over the horizon. */
    expectedVolatility: number;
    trustOk: boolean;
    trustReasons: string[];
    model: string;
    modelVersion: string;
  }
>;
