import { Database } from '../../platform/database/database.service.js';
import type { GlobalLimits } from '../contract/risk.js';
import type { TradingState } from './latch.js';
import type { SharedLossesRecord } from './shared-losses.js';
import { globalLimitDefaults, type SharedRiskRecord, type StandDown } from './shared-risk.js';

interface Row {
  version: number;
  limits: GlobalLimits;
  limits_version: number;
  state: TradingState;
  reason: string | null;
  actor: string | null;
  since_ms: number | null;
  stand_down: StandDown | null;
}

/** The trail of changes that have no account. */
export const globalScope = 'global';

/** The one row of `trading.global_risk`, and its trail. */
export class SharedRiskRepository {
  constructor(private readonly database: Database) {}

  async load(): Promise<SharedRiskRecord> {
    const { rows } = await this.database.query<Row>('SELECT * FROM trading.global_risk WHERE id = 1');
    const [row] = rows;
    return {
      version: row.version,
      limits: { ...globalLimitDefaults, ...row.limits },
      limitsVersion: row.limits_version,
      latch: { state: row.state, reason: row.reason, actor: row.actor, sinceMs: row.since_ms },
      standDown: row.stand_down,
    };
  }

  /** Writes the record and who made it so, together; answers whether the one before was still `record.version` − 1. */
  async change(
    record: SharedRiskRecord,
    trail: { kind: 'limits' | 'state'; timeMs: number; actor: string; before: object; after: object },
  ): Promise<boolean> {
    const { version, limits, limitsVersion, latch, standDown } = record;
    const { rowCount } = await this.database.query(
      `WITH changed AS (
         UPDATE trading.global_risk SET version = $1, limits = $2, limits_version = $3, state = $4, reason = $5,
           actor = $6, since_ms = $7, stand_down = $8 WHERE id = 1 AND version = $1 - 1 RETURNING version
       )
       INSERT INTO trading.risk_changes (scope, seq, kind, time_ms, actor, before, after)
       SELECT '${globalScope}', version, $9, $10, $11, $12, $13 FROM changed`,
      [
        version,
        JSON.stringify(limits),
        limitsVersion,
        latch.state,
        latch.reason,
        latch.actor,
        latch.sinceMs,
        standDown === null ? null : JSON.stringify(standDown),
        trail.kind,
        trail.timeMs,
        trail.actor,
        JSON.stringify(trail.before),
        JSON.stringify(trail.after),
      ],
    );
    return rowCount === 1;
  }

  async losses(): Promise<SharedLossesRecord | null> {
    const { rows } = await this.database.query<{ losses: SharedLossesRecord | null }>(
      'SELECT losses FROM trading.global_risk WHERE id = 1',
    );
    return rows[0].losses;
  }

  async storeLosses(losses: SharedLossesRecord | null): Promise<void> {
    await this.database.query('UPDATE trading.global_risk SET losses = $1 WHERE id = 1', [
      losses === null ? null : JSON.stringify(losses),
    ]);
  }

  /** Every account has done what was asked of it, unless somebody has asked something else meanwhile. */
  async standDownDone(version: number): Promise<void> {
    await this.database.query(
      'UPDATE trading.global_risk SET stand_down = NULL WHERE id = 1 AND version = $1',
      [version],
    );
  }
}
