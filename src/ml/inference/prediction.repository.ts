import { Injectable } from '@nestjs/common';
import type { Timeframe } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';

/** A prediction as it is stored: floats, since it is an opinion and not money; `close` is the candle's own text. */
export interface StoredPrediction {
  readonly session: string;
  readonly instrument: string;
  readonly timeframe: Timeframe;
  readonly candleTimeMs: number;
  readonly model: string;
  readonly modelVersion: string;
  /** `name@version`. */
  readonly volatilityModel: string;
  /** Bars. */
  readonly horizon: number;
  readonly close: string;
  readonly probabilityUp: number;
  readonly expectedReturn: number;
  readonly expectedVolatility: number;
  readonly trustOk: boolean;
  readonly trustReasons: string[];
  readonly madeAtMs: number;
}

export interface PredictionRange {
  readonly session: string;
  readonly instrument: string;
  readonly timeframe?: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Continue after this row of the page before. */
  readonly after?: { candleTimeMs: number; timeframe: string; model: string };
  readonly limit: number;
}

const columns = `
  session, instrument, timeframe, candle_time_ms as "candleTimeMs", model, model_version as "modelVersion",
  volatility_model as "volatilityModel", horizon, close, probability_up as "probabilityUp",
  expected_return as "expectedReturn", expected_volatility as "expectedVolatility", trust_ok as "trustOk",
  trust_reasons as "trustReasons", made_at_ms as "madeAtMs"`;

/** Every prediction ever made, once per session, candle and model version. */
@Injectable()
export class PredictionRepository {
  constructor(private readonly database: Database) {}

  /** False when it was there already: storing the same prediction again changes nothing. */
  async add(p: StoredPrediction): Promise<boolean> {
    const { rowCount } = await this.database.query(
      `insert into ml.predictions (session, instrument, timeframe, candle_time_ms, model, model_version,
         volatility_model, horizon, close, probability_up, expected_return, expected_volatility, trust_ok,
         trust_reasons, made_at_ms)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
       on conflict do nothing`,
      [
        p.session,
        p.instrument,
        p.timeframe,
        p.candleTimeMs,
        p.model,
        p.modelVersion,
        p.volatilityModel,
        p.horizon,
        p.close,
        p.probabilityUp,
        p.expectedReturn,
        p.expectedVolatility,
        p.trustOk,
        p.trustReasons,
        p.madeAtMs,
      ],
      'ml-prediction-add',
    );
    return rowCount === 1;
  }

  /** As `add`, many at once in one statement; answers how many were new. */
  async addAll(predictions: readonly StoredPrediction[]): Promise<number> {
    const { rowCount } = await this.database.query(
      `insert into ml.predictions (session, instrument, timeframe, candle_time_ms, model, model_version,
         volatility_model, horizon, close, probability_up, expected_return, expected_volatility, trust_ok,
         trust_reasons, made_at_ms)
       select p.session, p.instrument, p.timeframe, p."candleTimeMs", p.model, p."modelVersion",
              p."volatilityModel", p.horizon, p.close, p."probabilityUp", p."expectedReturn",
              p."expectedVolatility", p."trustOk", p."trustReasons", p."madeAtMs"
         from jsonb_to_recordset($1::jsonb) as p(session text, instrument text, timeframe text,
              "candleTimeMs" bigint, model text, "modelVersion" text, "volatilityModel" text, horizon integer,
              close numeric, "probabilityUp" double precision, "expectedReturn" double precision,
              "expectedVolatility" double precision, "trustOk" boolean, "trustReasons" text[], "madeAtMs" bigint)
       on conflict do nothing`,
      [JSON.stringify(predictions)],
      'ml-predictions-add',
    );
    return rowCount;
  }

  /** Newest first. */
  async list(range: PredictionRange): Promise<StoredPrediction[]> {
    const { rows } = await this.database.query<StoredPrediction>(
      `select ${columns} from ml.predictions
        where session = $1 and instrument = $2 and ($3::text is null or timeframe = $3)
          and candle_time_ms >= $4 and candle_time_ms < $5
          and ($6::bigint is null or (candle_time_ms, timeframe, model) < ($6, $7, $8))
        order by candle_time_ms desc, timeframe desc, model desc
        limit $9`,
      [
        range.session,
        range.instrument,
        range.timeframe ?? null,
        range.fromMs,
        range.toMs,
        range.after?.candleTimeMs ?? null,
        range.after?.timeframe ?? null,
        range.after?.model ?? null,
        range.limit,
      ],
    );
    return rows;
  }
}
