import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import type { Page } from '../../kernel/page.js';
import { FeatureQuery, Features, FeatureSetInfo, FeatureVector } from '../../ml/contract/features.js';
import {
  PastPrediction,
  Prediction,
  PredictionBatchRequest,
  PredictionQuery,
  PredictionRequest,
  Predictions,
} from '../../ml/contract/predictions.js';
import { Limited } from '../access/limited.js';
import { PredictionBatch } from '../contract/queries.js';
import { Describe } from '../openapi/describe.js';

/** What the models think, and the numbers they think it from. */
@Controller('v1')
@RequireRole('viewer')
export class PredictionsController {
  constructor(
    private readonly predictions: Predictions,
    private readonly features: Features,
  ) {}

  @Get('feature-sets')
  @Describe({ summary: 'Feature sets and their names', answers: { pageOf: FeatureSetInfo } })
  async sets(): Promise<{ items: FeatureSetInfo[]; nextCursor: null }> {
    return { items: await this.features.sets({}), nextCursor: null };
  }

  @Get('features')
  @Describe({
    summary: 'The feature vector after a closed candle',
    answers: FeatureVector,
    problems: ['DATA_UNKNOWN_INSTRUMENT', 'ML_NOT_WARM'],
  })
  vector(@Query() query: FeatureQuery): Promise<FeatureVector> {
    return this.features.at(query);
  }

  // A question, not a change: it counts as a read and takes no idempotency key.
  @Post('predictions')
  @Limited('read')
  @HttpCode(200)
  @Describe({
    summary: 'Predict on the newest closed candle',
    answers: Prediction,
    problems: ['DATA_UNKNOWN_INSTRUMENT', 'ML_NO_MODEL', 'ML_NOT_WARM', 'ML_INFERENCE_FAILED'],
  })
  predict(@Body() request: PredictionRequest): Promise<Prediction> {
    return this.predictions.predict(request);
  }

  @Post('predictions/batch')
  @Limited('read')
  @HttpCode(200)
  @Describe({
    summary: 'Up to 1000 predictions at once',
    more: 'One item per request, in order: a prediction, or the problem it met.',
    answers: PredictionBatch,
  })
  batch(@Body() request: PredictionBatchRequest): Promise<PredictionBatch> {
    return this.predictions.predictBatch(request);
  }

  @Get('predictions')
  @Describe({
    summary: 'Predictions made, newest first, with what became of them',
    answers: { pageOf: PastPrediction },
    problems: ['DATA_UNKNOWN_INSTRUMENT', 'ML_CURSOR_INVALID'],
  })
  list(@Query() query: PredictionQuery): Promise<Page<PastPrediction>> {
    return this.predictions.list(query);
  }
}
