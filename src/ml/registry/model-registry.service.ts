import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock, toRfc3339, type Timeframe } from '../../kernel/time.js';
import { mlProblem } from '../contract/errors.js';
import { Models, type ModelVersion } from '../contract/models.js';
import { featureSet } from '../features/feature-sets.js';
import { mlMetrics } from '../ml.metrics.js';
import type { ModelTarget } from '../models/manifest.js';
import { bundledModels } from './bundled-models.adapter.js';
import { ModelAliasEntity, ModelEntity } from './model.entity.js';
import { loadModel, type LoadedModel } from './model-session.adapter.js';

/** Sessions kept open at once. */
const loadedMax = 64;

/** Direction and volatility for one timeframe: together they make a prediction. */
export interface ModelPair {
  readonly direction: LoadedModel;
  readonly volatility: LoadedModel;
}

/**
 * Every model version and which of them is champion. Bundled models are registered at the first start and become
 * champions where there is none; a champion somebody chose stays.
 */
@Injectable()
export class ModelRegistry extends Models implements OnModuleInit, OnApplicationShutdown {
  private readonly loaded = new Map<string, LoadedModel>();
  private readonly log: Log;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    log: Log,
    metrics: Metrics,
  ) {
    super();
    this.log = log.of('ml.registry');
    mlMetrics(metrics).models(() => this.loaded.size);
  }

  async onModuleInit(): Promise<void> {
    await this.registerBundled();
    const champions = await this.dataSource.getRepository(ModelAliasEntity).findBy({ alias: 'champion' });
    for (const { name, version } of champions) await this.load(name, version);
  }

  async onApplicationShutdown(): Promise<void> {
    for (const model of this.loaded.values()) await model.close();
    this.loaded.clear();
  }

  /** The champions that predict candles of `timeframe`; null where one of the two is missing. `name`: of the direction model. */
  pairFor(timeframe: Timeframe, name?: string): ModelPair | null {
    const direction = this.find('direction', timeframe, name);
    if (direction === null) return null;
    const volatility = this.find('volatility', timeframe, undefined, direction.manifest.horizon);
    return volatility === null ? null : { direction, volatility };
  }

  /** Timeframes and names for which there is a direction model, for error messages. */
  offered(): string[] {
    return [...this.loaded.values()]
      .filter(({ manifest }) => manifest.target === 'direction')
      .map(({ manifest }) => `${manifest.name} (${manifest.timeframe})`);
  }

  async list(): Promise<ModelVersion[]> {
    const rows = await this.rows();
    const aliases = await this.dataSource.getRepository(ModelAliasEntity).find();
    return rows.map((row) => toContract(row, aliases));
  }

  async get({ name, version }: { name: string; version?: string }): Promise<ModelVersion> {
    const aliases = await this.dataSource.getRepository(ModelAliasEntity).findBy({ name });
    const wanted = version ?? aliases.find((a) => a.alias === 'champion')?.version;
    const [row] = wanted === undefined ? [] : await this.rows({ name, version: wanted });
    if (row === undefined) throw unknown(name, version);
    return toContract(row, aliases);
  }

  async evaluation(query: { name: string; version?: string }): Promise<Record<string, unknown>> {
    const { name, version } = await this.get(query);
    const row = await this.dataSource
      .getRepository(ModelEntity)
      .findOne({ where: { name, version }, select: { name: true, version: true, evaluation: true } });
    if (!row?.evaluation) throw unknown(name, version);
    return row.evaluation;
  }

  private find(
    target: ModelTarget,
    timeframe: Timeframe,
    name?: string,
    horizon?: number,
  ): LoadedModel | null {
    for (const model of this.loaded.values()) {
      const { manifest } = model;
      const fits =
        manifest.target === target &&
        manifest.timeframe === timeframe &&
        (horizon === undefined || manifest.horizon === horizon) &&
        (name === undefined || name === manifest.name || name === `${manifest.name}@${manifest.version}`);
      if (fits) return model;
    }
    return null;
  }

  private async registerBundled(): Promise<void> {
    const createdAtMs = this.clock.nowMs();
    for (const { manifest, evaluation, onnx } of await bundledModels()) {
      const { name, version } = manifest;
      await this.dataSource.transaction(async (tx) => {
        await tx
          .createQueryBuilder()
          .insert()
          .into(ModelEntity)
          .values({
            name,
            version,
            // TypeORM's partial type cannot express read-only nested arrays.
            manifest: manifest as object,
            evaluation: evaluation as object,
            onnx,
            hash: manifest.sha256,
            bundled: true,
            createdAtMs,
          })
          .orIgnore()
          .execute();
        await tx
          .createQueryBuilder()
          .insert()
          .into(ModelAliasEntity)
          .values({ name, alias: 'champion', version })
          .orIgnore()
          .execute();
      });
    }
  }

  private async load(name: string, version: string): Promise<void> {
    const row = await this.dataSource.getRepository(ModelEntity).findOneByOrFail({ name, version });
    const set = featureSet(row.manifest.featureSet);
    if (set === null || set.hash !== row.manifest.featureSetHash) {
      this.log.error(
        { model: name, version, featureSet: row.manifest.featureSet },
        'a model was trained on a feature set that this build computes differently; it is not served',
      );
      return;
    }
    if (this.loaded.size >= loadedMax) {
      this.log.error(
        { model: name, version, loadedMax },
        'too many models are loaded; this one is not served',
      );
      return;
    }
    this.loaded.set(name, await loadModel(row.onnx, row.manifest));
    this.log.info({ model: name, version, target: row.manifest.target }, 'model loaded');
  }

  private rows(where: { name?: string; version?: string } = {}): Promise<ModelEntity[]> {
    return this.dataSource.getRepository(ModelEntity).find({
      where,
      // Not the bytes: a list of models should not carry megabytes.
      select: { name: true, version: true, manifest: {}, hash: true, bundled: true, createdAtMs: true },
      order: { name: 'ASC', createdAtMs: 'DESC' },
    });
  }
}

function toContract(row: ModelEntity, aliases: readonly ModelAliasEntity[]): ModelVersion {
  const { manifest } = row;
  return {
    name: row.name,
    version: row.version,
    target: manifest.target,
    timeframe: manifest.timeframe,
    horizon: manifest.horizon,
    featureSet: manifest.featureSet,
    hash: row.hash,
    bundled: row.bundled,
    gatesPassed: manifest.gates?.passed ?? false,
    aliases: aliases.filter((a) => a.name === row.name && a.version === row.version).map((a) => a.alias),
    createdAt: toRfc3339(row.createdAtMs),
  };
}

function unknown(name: string, version?: string): Error {
  return mlProblem('ML_MODEL_UNKNOWN', {
    detail: `There is no model ${name}${version ? `@${version}` : ''}; GET /v1/models lists them.`,
    facts: { model: name, version: version ?? null },
  });
}
