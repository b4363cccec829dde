import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, type Repository } from 'typeorm';
import { Decimal } from '../../kernel/decimal.js';
import { problem } from '../../kernel/errors.js';
import { toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import { isUniqueViolation } from '../../platform/database/sql-error.js';
import { tradingProblem } from '../contract/errors.js';
import { Strategy, type ThresholdParameters } from '../contract/strategies.js';
import type { AnswerKey } from '../desk/account-acts.js';
import { StrategyEntity } from './strategy.entity.js';
import type { Entry } from './threshold.js';

/** More than a person can watch; each costs a decision per candle. */
export const strategiesPerAccountMax = 200;

/** Strategies as stored. Every change names the state it expects, so that two writers never undo each other. */
@Injectable()
export class StrategyRepository {
  constructor(
    @InjectRepository(StrategyEntity) private readonly rows: Repository<StrategyEntity>,
    private readonly database: Database,
  ) {}

  started(): Promise<StrategyEntity[]> {
    return this.rows.find({ where: { state: 'started' }, order: { id: 'ASC' } });
  }

  /** Those of `ids` that belong to one of the accounts, in the order of `ids`. */
  async among(ids: readonly string[], accountIds: readonly string[]): Promise<StrategyEntity[]> {
    const found = await this.rows.findBy({ id: In([...ids]), accountId: In([...accountIds]) });
    return found.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
  }

  /** Oldest first. */
  list(accountId: string): Promise<StrategyEntity[]> {
    return this.rows.find({ where: { accountId }, order: { id: 'ASC' } });
  }

  /** Throws TRADING_STRATEGY_UNKNOWN. */
  async require(accountId: string, id: string): Promise<StrategyEntity> {
    const row = await this.rows.findOneBy({ accountId, id });
    if (row !== null) return row;
    throw tradingProblem('TRADING_STRATEGY_UNKNOWN', {
      detail: `no strategy ${JSON.stringify(id).slice(0, 80)} in this account; GET /v1/accounts/${accountId}/strategies lists them`,
    });
  }

  /** Stores a new strategy and, under its key, the answer the caller gets; both or neither. */
  async insert(row: StrategyEntity, answerKey: AnswerKey | null): Promise<Strategy> {
    const count = await this.rows.countBy({ accountId: row.accountId });
    if (count >= strategiesPerAccountMax) {
      throw problem('REQUEST_CONFLICT', {
        detail: `the account has ${count} strategies; ${strategiesPerAccountMax} are allowed; remove one first`,
        facts: { strategies: count, limit: strategiesPerAccountMax },
      });
    }
    const answer = strategyView(row, Decimal.zero);
    await this.rows.manager.transaction(async (tx) => {
      await tx.insert(StrategyEntity, row);
      if (answerKey === null) return;
      await tx.query(
        `INSERT INTO trading.idempotency_keys (scope, key, content_hash, answer, created_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (scope, key) DO UPDATE
         SET content_hash = excluded.content_hash, answer = excluded.answer, created_ms = excluded.created_ms`,
        [answerKey.scope, answerKey.key, answerKey.contentHash, JSON.stringify(answer), row.createdAtMs],
      );
    });
    return answer;
  }

  /** False when it is not stopped (any more). */
  async changeParameters(id: string, parameters: ThresholdParameters): Promise<boolean> {
    const { affected } = await this.rows.update({ id, state: 'stopped' }, { parameters });
    return affected === 1;
  }

  /** `taken`: another strategy of the account trades that instrument. */
  async start(id: string): Promise<'started' | 'taken'> {
    try {
      await this.rows.update({ id }, { state: 'started' });
      return 'started';
    } catch (error) {
      const cause = (error as { driverError?: unknown }).driverError ?? error;
      if (isUniqueViolation(cause, 'strategies_one_started')) return 'taken';
      throw error;
    }
  }

  async stop(id: string): Promise<void> {
    await this.rows.update({ id }, { state: 'stopped' });
  }

  /** False when it is not stopped (any more). */
  async remove(id: string): Promise<boolean> {
    const { affected } = await this.rows.delete({ id, state: 'stopped' });
    return affected === 1;
  }

  async remember(id: string, memory: Entry | null): Promise<void> {
    await this.rows.update({ id }, { memory: memory as never });
  }

  /** Realised P&L of each strategy's fills, before fees, in quote asset; those without fills are left out. */
  async realisedPnl(accountId: string): Promise<Map<string, Decimal>> {
    const { rows } = await this.database.query<{ strategy_id: string; realised: string }>(
      `SELECT strategy_id, sum(realised_pnl) AS realised FROM trading.fills
       WHERE account_id = $1 AND strategy_id IS NOT NULL GROUP BY strategy_id`,
      [accountId],
      'strategy_realised_pnl',
    );
    return new Map(rows.map((row) => [row.strategy_id, Decimal.of(row.realised)]));
  }
}

export function strategyView(row: StrategyEntity, realisedPnl: Decimal): Strategy {
  return {
    id: row.id,
    accountId: row.accountId,
    name: row.name,
    kind: row.kind,
    instrument: row.instrument,
    timeframe: row.timeframe,
    model: row.model,
    parameters: row.parameters,
    state: row.state,
    realisedPnl: realisedPnl.toString(),
    createdAt: toRfc3339(row.createdAtMs),
  };
}
