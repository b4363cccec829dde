import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ModelManifest } from '../models/manifest.js';

/** One immutable version of a model: the bytes, what they mean, and what they were worth when evaluated. */
@Entity({ schema: 'ml', name: 'models' })
export class ModelEntity {
  @PrimaryColumn('text')
  name: string;

  @PrimaryColumn('text')
  version: string;

  @Column('jsonb')
  manifest: ModelManifest;

  @Column('jsonb', { nullable: true })
  evaluation: Record<string, unknown> | null;

  @Column('bytea')
  onnx: Buffer;

  /** SHA-256 of the ONNX bytes, hex. */
  @Column('text')
  hash: string;

  @Column('boolean')
  bundled: boolean;

  @Column('bigint', { name: 'created_at_ms', transformer: { to: (ms: number) => ms, from: Number } })
  createdAtMs: number;
}

/** Which version a name stands for. */
@Entity({ schema: 'ml', name: 'model_aliases' })
export class ModelAliasEntity {
  @PrimaryColumn('text')
  name: string;

  @PrimaryColumn('text')
  alias: string;

  @Column('text')
  version: string;
}
