import { Injectable } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import { tradingProblem } from '../contract/errors.js';
import type { MultiAnswer, MultiItem } from '../contract/orders.js';
import type { DeskAccount } from '../desk/desk-reads.js';
import { Desk } from '../desk/desk.service.js';
import type { PositionState } from '../positions/position.js';

/** Leaves positions at the market, with orders that can only reduce. */
@Injectable()
export class PositionCloser {
  constructor(private readonly desk: Desk) {}

  /** One item per open position, by instrument. Throws TRADING_POSITION_UNKNOWN when the one asked for is flat. */
  async close(accountId: string, instrument: string | null): Promise<MultiAnswer> {
    const account = await this.desk.state({ accountId });
    const open = openPositions(account).filter(
      (held) => instrument === null || held.instrument === instrument,
    );
    if (instrument !== null && open.length === 0) {
      throw tradingProblem('TRADING_POSITION_UNKNOWN', {
        detail: `the account holds no position in ${instrument}; GET /v1/accounts/${accountId}/positions lists those it holds`,
        facts: { instrument },
      });
    }
    return { items: await Promise.all(open.map((held) => this.closeOne(accountId, held))) };
  }

  private async closeOne(accountId: string, { instrument }: PositionState): Promise<MultiItem> {
    try {
      const outcome = await this.desk.submit({ kind: 'close-position', accountId, instrument });
      if ('problem' in outcome) throw outcome.problem;
      return { status: 200, order: outcome.answer.order };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { status: error.status, problem: error.toDocument() };
    }
  }
}

/** Those that are not flat, by instrument. */
export function openPositions(account: DeskAccount): PositionState[] {
  return account.positions
    .filter(({ quantity }) => !quantity.isZero())
    .toSorted((a, b) => (a.instrument < b.instrument ? -1 : 1));
}
