import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { problem } from '../../kernel/errors.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { PortfolioExplanation } from '../contract/performance.js';
import type { DeskAccount } from '../desk/desk-reads.js';
import { valuationOf } from './account-valuation.js';
import { type CountedPoint, EquityRepository } from './equity.repository.js';
import { type Explanation, Explainer } from './explain.js';
import { type FillRow, PortfolioRepository } from './portfolio.repository.js';

/** Fills named one by one; more are in the sums only. */
const fillsMax = 1_000;

/** Explains what became of an account's equity between two moments, down to fills, fees and marks. */
@Injectable()
export class PortfolioExplainer {
  constructor(
    private readonly equity: EquityRepository,
    private readonly rows: PortfolioRepository,
  ) {}

  /** Null `fromMs`: since the account began, with nothing; null `toMs`: until now. */
  async of(
    account: DeskAccount,
    { fromMs, toMs }: { fromMs: number | null; toMs: number | null },
  ): Promise<PortfolioExplanation> {
    const from = fromMs === null ? beginningOf(account) : await this.at(account, fromMs);
    const to = toMs === null || toMs > account.nowMs ? nowOf(account) : await this.at(account, toMs);
    if (from.seq > to.seq) throw anotherTime(from, to);
    const { accountId, began } = account;
    const held = await this.rows.movements(accountId, began.ledgerSeq, from.ledgerSeq);
    const moved = await this.rows.movements(accountId, from.ledgerSeq, to.ledgerSeq);
    const balances = new Map<string, Decimal>();
    for (const { asset, amount } of held)
      balances.set(asset, (balances.get(asset) ?? Decimal.zero).plus(amount));

    const explainer = new Explainer({ ...from, balances }, to);
    const fills: PortfolioExplanation['fills'] = [];
    let begun = false;
    let count = 0;
    for await (const row of this.rows.fillsInOrder(accountId, { after: began.seq })) {
      if (row.seq > to.seq) break;
      const fill = fillOf(row);
      if (row.seq <= from.seq) {
        explainer.before(fill);
        continue;
      }
      if (!begun) explainer.begin();
      begun = true;
      count += 1;
      const { realisedPnl, fee } = explainer.add(fill);
      if (fills.length === fillsMax) continue;
      fills.push({
        id: row.id,
        seq: row.seq,
        time: toRfc3339(row.time_ms),
        instrument: row.instrument,
        realisedPnl: realisedPnl.toString(),
        fee: fee.toString(),
      });
    }
    if (!begun) explainer.begin();
    const explanation = explainer.conclude(moved);
    return {
      ...viewOf(account.baseCurrency, { from, to }, explanation),
      fills,
      fillsLeftOut: count - fills.length,
    };
  }

  private async at(account: DeskAccount, atMs: number): Promise<CountedPoint> {
    const { accountId, began } = account;
    const point = await this.equity.countedAt({ accountId, fromSeq: began.seq, atMs });
    return point ?? beginningOf(account);
  }
}

function beginningOf({ began }: DeskAccount): CountedPoint {
  const { seq, ledgerSeq, timeMs } = began;
  return { timeMs, seq, ledgerSeq, equity: Decimal.zero, prices: new Map(), gains: new Map() };
}

function nowOf(account: DeskAccount): CountedPoint {
  const { equity, prices, gains } = valuationOf(account);
  const { nowMs: timeMs, seq, ledgerSeq } = account;
  return { timeMs, seq, ledgerSeq, equity, prices, gains };
}

function fillOf(row: FillRow) {
  return {
    instrument: row.instrument,
    side: row.side,
    price: Decimal.of(row.price),
    quantity: Decimal.of(row.quantity),
    realisedPnl: Decimal.of(row.realised_pnl),
    fee: Decimal.of(row.fee),
    feeAsset: row.fee_asset,
    timeMs: row.time_ms,
  };
}

function viewOf(
  currency: string,
  { from, to }: { from: CountedPoint; to: CountedPoint },
  explained: Explanation,
): Omit<PortfolioExplanation, 'fills' | 'fillsLeftOut'> {
  const { transfers, realisedPnl, fees, unrealisedChange, revaluation, other } = explained;
  const parts = [transfers, realisedPnl, fees.negated(), unrealisedChange, revaluation, other];
  const said = parts.reduce((sum, part) => sum.plus(part), from.equity);
  return {
    currency,
    from: toRfc3339(from.timeMs),
    to: toRfc3339(to.timeMs),
    openingEquity: from.equity.toString(),
    transfers: transfers.toString(),
    realisedPnl: realisedPnl.toString(),
    fees: fees.toString(),
    unrealisedChange: unrealisedChange.toString(),
    revaluation: revaluation.toString(),
    other: other.toString(),
    rounding: to.equity.minus(said).toString(),
    closingEquity: to.equity.toString(),
    instruments: explained.instruments.map((part) => ({
      instrument: part.instrument,
      fills: part.fills,
      realisedPnl: part.realisedPnl.toString(),
      fees: part.fees.toString(),
      unrealisedFrom: part.unrealisedFrom.toString(),
      unrealisedTo: part.unrealisedTo.toString(),
    })),
    assets: explained.assets.map((part) => ({
      asset: part.asset,
      priceFrom: from.prices.get(part.asset)?.toString() ?? null,
      priceTo: to.prices.get(part.asset)?.toString() ?? null,
      transfers: part.transfers.toString(),
      revaluation: part.revaluation.toString(),
      other: part.other.toString(),
    })),
  };
}

function anotherTime(from: CountedPoint, to: CountedPoint): Error {
  const detail = `between ${toRfc3339(from.timeMs)} and ${toRfc3339(to.timeMs)} the account went back in time with a replay; choose both times within it, or both outside`;
  return problem('REQUEST_INVALID', { detail, errors: [{ pointer: '?from', detail }] });
}
