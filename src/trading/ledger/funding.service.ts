import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { problem } from '../../kernel/errors.js';
import { liveSession } from '../../kernel/events.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { Clock, parseRfc3339 } from '../../kernel/time.js';
import type { FundingPayment, FundingResult } from '../contract/accounts.js';
import { tradingProblem } from '../contract/errors.js';
import { Desk } from '../desk/desk.service.js';
import { FundingRepository, type HeldThen } from './funding.repository.js';
import type { FundingRate } from './funding.js';

/**
 * Books what a derivative pays between its holders, on what each account of the live market held at that time. One
 * payment after the other; sending one again books it for those that do not have it yet, and for nobody else.
 */
@Injectable()
export class Funding {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly desk: Desk,
    private readonly rows: FundingRepository,
    private readonly clock: Clock,
  ) {}

  /** Throws REQUEST_INVALID, TRADING_FUNDING_DIFFERS. */
  pay(payment: FundingPayment, actor: string): Promise<FundingResult> {
    const told = this.read(payment);
    const done = this.last.then(() => this.payOut(payment, told, actor));
    this.last = done.catch(() => undefined);
    return done;
  }

  private async payOut(payment: FundingPayment, told: FundingRate, actor: string): Promise<FundingResult> {
    const kept = await this.rows.keep(told, actor);
    if (!kept.rate.eq(told.rate) || !kept.markPrice.eq(told.markPrice)) throw differs(kept, payment);
    const held = await this.holders(told);
    // Asked after everything the desk knew of was stored, so that nobody is missed who has paid.
    const paid = await this.rows.paid(told);
    const owing = [...held].filter(([accountId, { quantity }]) => !paid.has(accountId) && !quantity.isZero());
    const booked = await Promise.all(
      owing.map(([accountId, then]) =>
        this.desk.submit({
          kind: 'funding',
          accountId,
          rate: told,
          quantity: then.quantity,
          heldSeq: then.seq,
        }),
      ),
    );
    return { ...payment, accounts: booked.filter(Boolean).length, before: paid.size };
  }

  /** What each account held then. Answers when all of it is stored, so that a fill of then is in the database. */
  private async holders(rate: FundingRate): Promise<Map<string, HeldThen>> {
    const held = new Map<string, HeldThen>();
    for (const accountId of this.desk.accountIds({ session: liveSession })) {
      const now = await this.desk.read(accountId, ({ accounts }) => {
        const account = accounts.get(accountId);
        const position = account?.positions.get(rate.instrument);
        if (account === undefined || position === undefined || account.archivedAtMs !== null) return null;
        const { began, seq } = account;
        // What is from before the account began again is no affair of it.
        if (began.timeMs > rate.timeMs) return null;
        return { quantity: position.quantity, seq, began: began.seq, changedMs: position.updatedAtMs };
      });
      if (now === null) continue;
      const then = now.changedMs <= rate.timeMs ? now : await this.rows.heldAt(accountId, rate, now.began);
      held.set(accountId, then);
    }
    return held;
  }

  private read({ instrument, rate, markPrice, time }: FundingPayment): FundingRate {
    const timeMs = parseRfc3339(time);
    if (parseInstrumentId(instrument)?.contract == null) {
      throw invalid(
        'instrument',
        `${instrument} is no derivative; only those pay funding, e.g. BTC-USDT-PERP.BINANCE`,
      );
    }
    if (timeMs === null || timeMs > this.clock.nowMs()) {
      throw invalid('time', `${time} is yet to come; funding is paid on what was held`);
    }
    return { instrument, timeMs, rate: Decimal.of(rate), markPrice: Decimal.of(markPrice) };
  }
}

function invalid(field: string, detail: string): Error {
  return problem('REQUEST_INVALID', { detail, errors: [{ pointer: `/${field}`, detail }] });
}

function differs({ rate, markPrice }: FundingRate, told: FundingPayment): Error {
  return tradingProblem('TRADING_FUNDING_DIFFERS', {
    detail: `${told.instrument} paid rate=${rate} at markPrice=${markPrice} at ${told.time} already; that stays. Send the same again for accounts that lack it`,
    facts: { rate: rate.toString(), markPrice: markPrice.toString() },
  });
}
