import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Timeframe } from '../../kernel/time.js';
import type { ThresholdParameters } from '../contract/strategies.js';
import type { Entry } from './threshold.js';

/** A row of `trading.strategies`. */
@Entity({ schema: 'trading', name: 'strategies' })
export class StrategyEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text', { name: 'account_id' })
  accountId: string;

  @Column('text')
  name: string;

  @Column('text')
  kind: string;

  @Column('text')
  instrument: string;

  @Column('text')
  timeframe: Timeframe;

  @Column('text', { nullable: true })
  model: string | null;

  /** As given; defaults are filled in where they are used. */
  @Column('jsonb')
  parameters: ThresholdParameters;

  @Column('text')
  state: 'stopped' | 'started';

  /** Its open trade in the live market; a replay's is never stored. */
  @Column('jsonb', { nullable: true })
  memory: Entry | null;

  @Column('bigint', { name: 'created_at_ms', transformer: { to: (ms: number) => ms, from: Number } })
  createdAtMs: number;
}
