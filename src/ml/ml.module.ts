import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { Features } from './contract/features.js';
import { Models } from './contract/models.js';
import { Predictions } from './contract/predictions.js';
import { FeatureStreams } from './inference/feature-streams.service.js';
import { FeaturesService } from './inference/features.service.js';
import { Inference } from './inference/inference.service.js';
import { PredictionWriter } from './inference/prediction-writer.service.js';
import { PredictionRepository } from './inference/prediction.repository.js';
import { PredictionsService } from './inference/predictions.service.js';
import { ModelAliasEntity, ModelEntity } from './registry/model.entity.js';
import { ModelRegistry } from './registry/model-registry.service.js';

/** What TypeORM maps here. */
export const mlEntities = [ModelEntity, ModelAliasEntity];

/** Numbers in, opinion out. */
@Module({})
export class MlModule {
  /** `below`: the modules that provide the ports of `data`. */
  static over(below: (Type | DynamicModule)[]): DynamicModule {
    return {
      module: MlModule,
      imports: below,
      providers: [
        ModelRegistry,
        PredictionRepository,
        PredictionWriter,
        FeatureStreams,
        Inference,
        { provide: Models, useExisting: ModelRegistry },
        { provide: Predictions, useClass: PredictionsService },
        { provide: Features, useClass: FeaturesService },
      ],
      exports: [Models, Predictions, Features],
    };
  }
}
