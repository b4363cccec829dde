import type { MigrationInterface, QueryRunner } from 'typeorm';

export class MlKeepsModelsAndPredictions1763856300000 implements MigrationInterface {
  name = 'MlKeepsModelsAndPredictions1763856300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table ml.models (
        name text not null,
        version text not null,
        manifest jsonb not null,
        evaluation jsonb,
        onnx bytea not null,
        hash text not null,
        bundled boolean not null,
        created_at_ms bigint not null,
        primary key (name, version)
      );
      create table ml.model_aliases (
        name text not null,
        alias text not null,
        version text not null,
        primary key (name, alias),
        foreign key (name, version) references ml.models (name, version)
      );
      create table ml.predictions (
        session text not null,
        instrument text not null,
        timeframe text not null,
        candle_time_ms bigint not null,
        model text not null,
        model_version text not null,
        volatility_model text not null,
        horizon integer not null,
        close numeric not null,
        probability_up double precision not null,
        expected_return double precision not null,
        expected_volatility double precision not null,
        trust_ok boolean not null,
        trust_reasons text[] not null,
        made_at_ms bigint not null,
        primary key (session, instrument, timeframe, candle_time_ms, model, model_version)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table ml.predictions;
      drop table ml.model_aliases;
      drop table ml.models;
    `);
  }
}
