import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.service.js';

/** Who works on an account beside its owner. */
@Injectable()
export class AccountUseRepository {
  constructor(private readonly database: Database) {}

  /** The oldest strategy that is started on it; null when none is. */
  async startedStrategy(accountId: string): Promise<{ id: string; name: string } | null> {
    const { rows } = await this.database.query<{ id: string; name: string }>(
      `SELECT id, name FROM trading.strategies WHERE account_id = $1 AND state = 'started' ORDER BY id LIMIT 1`,
      [accountId],
      'account_started_strategy',
    );
    return rows[0] ?? null;
  }
}
