import {
  float,
  flag,
  instrumentId,
  integer,
  list,
  object,
  text,
  time,
  timeframe,
} from '../../kernel/fields.js';
import { PageQuery, type Page } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';

export class PredictionRequest {
  @instrumentId()
  instrument: string;

  @timeframe({ example: '5m' })
  timeframe: string;

  @text({ max: 80, optional: true, about: 'Model name, or `name@version`. Default: the champion.' })
  model?: string;
}

export class PredictionBatchRequest {
  @list(() => PredictionRequest, { min: 1, max: 1000 })
  requests: PredictionRequest[];
}

export class Trust {
  @flag({ about: 'May it be acted on?' })
  ok: boolean;

  @list({ type: 'string' }, { about: 'Why not, e.g. `gates_failed`, `stale_candle`, `out_of_range`.' })
  reasons: string[];
}

/** What the models think of the next `horizon` bars after `candleTime` closed. */
export class Prediction {
  @instrumentId()
  instrument: string;

  @timeframe()
  timeframe: string;

  @time({ about: 'Open time of the last closed candle it has seen.' })
  candleTime: string;

  @integer({ about: 'Bars ahead.' })
  horizon: number;

  @float({ min: 0, max: 1 })
  probabilityUp: number;

  @float({ about: 'Log return over the horizon.' })
  expectedReturn: number;

  @float({ min: 0, about: 'Standard deviation of the log return over the horizon.' })
  expectedVolatility: number;

  @object(() => Trust)
  trust: Trust;

  @text({ about: 'Direction model.' })
  model: string;

  @text()
  modelVersion: string;

  @text({ about: 'Volatility model, `name@version`.' })
  volatilityModel: string;

  @flag({ about: 'Answered without running the model again.' })
  cached: boolean;

  @float({ min: 0, about: 'Time spent here, milliseconds.' })
  latencyMs: number;
}

export class PredictionQuery extends PageQuery {
  @instrumentId()
  instrument: string;

  @timeframe({ optional: true })
  timeframe?: string;

  @time({ optional: true, about: 'Candle time, inclusive.' })
  from?: string;

  @time({ optional: true, about: 'Candle time, exclusive.' })
  to?: string;

  @text({ max: 40, optional: true, about: 'Session: `live` (default) or a replay id.' })
  session?: string;
}

/** A stored prediction, with what became of it once its horizon has passed. */
export class PastPrediction extends Prediction {
  @float({
    nullable: true,
    about: 'Log return that followed; null until matured or where candles are missing.',
  })
  realisedReturn: number | null;
}

/** Opinions about the market, versioned and stored. */
export abstract class Predictions {
  static readonly port: PortDescription<Predictions> = {
    name: 'ml.predictions',
    methods: { predict: 'read', predictBatch: 'read', list: 'read' },
  };

  /** On the newest closed candle. Throws DATA_UNKNOWN_INSTRUMENT, ML_NO_MODEL, ML_NOT_WARM, ML_INFERENCE_FAILED. */
  abstract predict(query: PredictionRequest): Promise<Prediction>;
  /** One entry per request, in order: a prediction, or the problem document that `predict` would have thrown. */
  abstract predictBatch(
    query: PredictionBatchRequest,
  ): Promise<{ items: { prediction?: Prediction; problem?: object }[] }>;
  /** Newest first. Throws ML_CURSOR_INVALID. */
  abstract list(query: PredictionQuery): Promise<Page<PastPrediction>>;
}
