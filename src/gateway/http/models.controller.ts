import { Controller, Get, Param, Query } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { Models, ModelVersion } from '../../ml/contract/models.js';
import { VersionQuery } from '../contract/queries.js';
import { Describe } from '../openapi/describe.js';

/** Models, their versions, and how well they did against the baselines. */
@Controller('v1/models')
@RequireRole('viewer')
export class ModelsController {
  constructor(private readonly models: Models) {}

  @Get()
  @Describe({ summary: 'All versions of all models', answers: { pageOf: ModelVersion } })
  async list(): Promise<{ items: ModelVersion[]; nextCursor: null }> {
    return { items: await this.models.list({}), nextCursor: null };
  }

  @Get(':name')
  @Describe({ summary: 'The champion of a name', answers: ModelVersion, problems: ['ML_MODEL_UNKNOWN'] })
  get(@Param('name') name: string): Promise<ModelVersion> {
    return this.models.get({ name });
  }

  @Get(':name/versions/:version')
  @Describe({ summary: 'A version of a model', answers: ModelVersion, problems: ['ML_MODEL_UNKNOWN'] })
  version(@Param('name') name: string, @Param('version') version: string): Promise<ModelVersion> {
    return this.models.get({ name, version });
  }

  @Get(':name/evaluation')
  @Describe({
    summary: 'Metrics against the baselines, as stored when it was trained',
    answers: {
      schema: { type: 'object', additionalProperties: true },
      example: { target: 'direction', auc: 0.55 },
    },
    problems: ['ML_MODEL_UNKNOWN'],
  })
  evaluation(
    @Param('name') name: string,
    @Query() { version }: VersionQuery,
  ): Promise<Record<string, unknown>> {
    return this.models.evaluation({ name, version });
  }
}
