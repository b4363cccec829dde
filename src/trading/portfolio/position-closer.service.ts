import { Injectable } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import type { Principal } from '../../kernel/principal.js';
import { tradingProblem } from '../contract/errors.js';
import { type MultiAnswer, type MultiItem, Orders } from '../contract/orders.js';
import { type DeskAccount, DeskReads } from '../desk/desk-reads.js';
import { InstrumentCache } from '../desk/instrument-cache.service.js';
import type { PositionState } from '../positions/position.js';

/** Leaves positions at the market, with orders that can only reduce. */
@Injectable()
export class PositionCloser {
  constructor(
    private readonly desk: DeskReads,
    private readonly orders: Orders,
    private readonly instruments: InstrumentCache,
  ) {}

  /** One item per open position, by instrument. Throws TRADING_POSITION_UNKNOWN when the one asked for is flat. */
  async close(principal: Principal, accountId: string, instrument: string | null): Promise<MultiAnswer> {
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
    await this.instruments.refresh(new Set(open.map((held) => held.instrument)));
    return { items: await Promise.all(open.map((held) => this.closeOne(principal, accountId, held))) };
  }

  private async closeOne(
    principal: Principal,
    accountId: string,
    { instrument, quantity: held }: PositionState,
  ): Promise<MultiItem> {
    const lotSize = this.instruments.instrument(instrument)?.lotSize;
    const quantity = lotSize ? held.abs().toStep(lotSize, 'down') : held.abs();
    try {
      if (quantity.isZero()) {
        throw tradingProblem('TRADING_QUANTITY_TOO_SMALL', {
          detail: `quantity=${held} of ${instrument} is less than its lot of ${lotSize}; it can be left only together with more`,
          facts: { instrument, quantity: held.toString(), lotSize: lotSize?.toString() ?? null },
        });
      }
      const { order } = await this.orders.submit({
        principal,
        accountId,
        order: {
          instrument,
          side: held.isNegative() ? 'buy' : 'sell',
          type: 'market',
          quantity: quantity.toString(),
          reduceOnly: true,
        },
      });
      return { status: 200, order };
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
