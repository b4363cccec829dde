import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { Database } from '../../platform/database/database.service.js';
import { type FundingRate, fundingRef } from './funding.js';

/** What was held at a moment, by the fills up to an entry of the account's log. */
export interface HeldThen {
  readonly quantity: Decimal;
  readonly seq: number;
}

/** Funding rates as they were told, and who has paid. */
@Injectable()
export class FundingRepository {
  constructor(private readonly database: Database) {}

  /** Keeps the first rate that is told for a moment; answers the one that is kept. */
  async keep(told: FundingRate, actor: string): Promise<FundingRate> {
    const { instrument, timeMs, rate, markPrice } = told;
    await this.database.query(
      `INSERT INTO trading.funding_rates (instrument, time_ms, rate, mark_price, actor) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (instrument, time_ms) DO NOTHING`,
      [instrument, timeMs, rate.toString(), markPrice.toString(), actor],
    );
    const { rows } = await this.database.query<{ rate: string; mark_price: string }>(
      'SELECT rate, mark_price FROM trading.funding_rates WHERE instrument = $1 AND time_ms = $2',
      [instrument, timeMs],
    );
    const [kept] = rows;
    return { instrument, timeMs, rate: Decimal.of(kept.rate), markPrice: Decimal.of(kept.mark_price) };
  }

  /** The accounts that have this payment in their ledger. */
  async paid(rate: FundingRate): Promise<ReadonlySet<string>> {
    const { rows } = await this.database.query<{ account_id: string }>(
      `SELECT account_id FROM trading.ledger_entries WHERE kind = 'funding' AND ref = $1 AND account = 'cash'`,
      [fundingRef(rate)],
    );
    return new Set(rows.map((row) => row.account_id));
  }

  /** What the fills up to that moment left, of those after entry `afterSeq` of the log. */
  async heldAt(accountId: string, { instrument, timeMs }: FundingRate, afterSeq: number): Promise<HeldThen> {
    const { rows } = await this.database.query<{ quantity: string; seq: number }>(
      `SELECT coalesce(sum(CASE side WHEN 'buy' THEN quantity ELSE -quantity END), 0) AS quantity,
         coalesce(max(seq), 0) AS seq
       FROM trading.fills WHERE account_id = $1 AND seq > $2 AND instrument = $3 AND time_ms <= $4`,
      [accountId, afterSeq, instrument, timeMs],
    );
    return { quantity: Decimal.of(rows[0].quantity), seq: rows[0].seq };
  }
}
