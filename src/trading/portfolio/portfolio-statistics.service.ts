import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { Statistics } from '../contract/portfolio.js';
import type { DeskAccount } from '../desk/desk-reads.js';
import { inBaseCurrency } from './account-valuation.js';
import { type EquityDay, EquityDays } from './equity-days.js';
import { EquityRepository } from './equity.repository.js';
import { PortfolioRepository } from './portfolio.repository.js';
import {
  cagr,
  calmar,
  type Figure,
  maxDrawdown,
  sharpe,
  sortino,
  totalReturn,
  tradeFigures,
  volatility,
} from './statistics.js';
import { TripHistory } from './trip-history.service.js';

interface Range {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

interface Traded {
  fills: number;
  realisedPnl: Decimal;
  fees: Decimal;
  /** P&L of each round trip closed in the range, after fees, base currency. */
  readonly profits: number[];
  /** Currencies without a rate; what was earned in them is in no sum. */
  readonly unpriced: Set<string>;
  /** Assets in which fees were paid that nobody could value. */
  readonly unpricedFees: Set<string>;
}

/** What an account's equity curve and closed trades say about it. Amounts in base currency, at the rates of now. */
@Injectable()
export class PortfolioStatistics {
  constructor(
    private readonly equity: EquityRepository,
    private readonly trips: TripHistory,
    private readonly rows: PortfolioRepository,
  ) {}

  /** `fromMs` inclusive, `toMs` exclusive; null: the whole life, to this moment, which is `now`. */
  async of(account: DeskAccount, now: EquityDay, range: Range): Promise<Statistics> {
    const days = await this.curve(account, now, range);
    const traded = await this.traded(account, range);
    const funding = await this.rows.funding(account.accountId, {
      after: account.began.ledgerSeq,
      fromMs: range.fromMs ?? undefined,
      toMs: range.toMs ?? undefined,
    });
    const returns = days.returns();
    const drawdown = maxDrawdown(returns);
    const annual = cagr(returns, days.days);
    const undefinedBecause: Record<string, string> = {};
    const say = (name: string, figure: Figure): number | null => {
      if ('value' in figure) return figure.value;
      undefinedBecause[name] = figure.undefinedBecause;
      return null;
    };
    const trades = tradeFigures(traded.profits);
    if (traded.unpriced.size > 0) {
      undefinedBecause['realisedPnl'] =
        `without what was earned in ${[...traded.unpriced].join(', ')}: no rate`;
    }
    if (traded.unpricedFees.size > 0) {
      undefinedBecause['fees'] = `without what was paid in ${[...traded.unpricedFees].join(', ')}: no price`;
    }
    return {
      from: toRfc3339(range.fromMs ?? days.range?.fromMs ?? account.began.timeMs),
      to: toRfc3339(range.toMs ?? days.range?.toMs ?? account.nowMs),
      annualisation: 'sqrt(365)',
      days: returns.length,
      fills: traded.fills,
      trades: traded.profits.length,
      totalReturn: say('totalReturn', totalReturn(returns)),
      sharpe: say('sharpe', sharpe(returns)),
      sortino: say('sortino', sortino(returns)),
      volatility: say('volatility', volatility(returns)),
      cagr: say('cagr', annual),
      maxDrawdown: say('maxDrawdown', drawdown),
      calmar: say('calmar', calmar(annual, drawdown)),
      winRate: say('winRate', trades.winRate),
      profitFactor: say('profitFactor', trades.profitFactor),
      expectancy: say('expectancy', trades.expectancy),
      realisedPnl: traded.realisedPnl.toString(),
      fees: traded.fees.toString(),
      funding: inBaseCurrency(account, funding).toString(),
      undefinedBecause,
    };
  }

  private async curve(
    { accountId, began }: DeskAccount,
    now: EquityDay,
    { fromMs, toMs }: Range,
  ): Promise<EquityDays> {
    const days = new EquityDays();
    const range = {
      accountId,
      fromSeq: began.seq,
      fromMs: fromMs ?? 0,
      toMs: toMs ?? Number.MAX_SAFE_INTEGER,
    };
    for await (const point of this.equity.inOrder(range)) days.add(point);
    if (toMs === null && now.timeMs >= range.fromMs) days.add(now);
    return days;
  }

  private async traded(account: DeskAccount, { fromMs, toMs }: Range): Promise<Traded> {
    const traded: Traded = {
      fills: 0,
      realisedPnl: Decimal.zero,
      fees: Decimal.zero,
      profits: [],
      unpriced: new Set(),
      unpricedFees: new Set(),
    };
    for await (const { fill, realisedPnl, feeValue, trip } of this.trips.of(account)) {
      if (fill.time_ms < (fromMs ?? 0) || fill.time_ms >= (toMs ?? Number.MAX_SAFE_INTEGER)) continue;
      traded.fills += 1;
      const quote = parseInstrumentId(fill.instrument)?.quote ?? '';
      const rate = quote === account.baseCurrency ? Decimal.one : (account.rates.get(quote) ?? null);
      if (rate === null) {
        traded.unpriced.add(quote);
        continue;
      }
      traded.realisedPnl = traded.realisedPnl.plus(realisedPnl.times(rate));
      if (feeValue === null) traded.unpricedFees.add(fill.fee_asset);
      else traded.fees = traded.fees.plus(feeValue.times(rate));
      if (trip !== null) traded.profits.push(trip.profit.minus(trip.fees).times(rate).toFloat());
    }
    return traded;
  }
}
