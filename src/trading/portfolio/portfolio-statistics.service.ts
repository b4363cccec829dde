import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { Statistics } from '../contract/performance.js';
import type { DeskAccount } from '../desk/desk-reads.js';
import { inBaseCurrency } from './account-valuation.js';
import { type EquityDay, EquityDays } from './equity-days.js';
import { EquityRepository } from './equity.repository.js';
import { PortfolioRepository } from './portfolio.repository.js';
import {
  cagr,
  calmar,
  conditionalValueAtRisk,
  type Figure,
  figure,
  kurtosis,
  maxDrawdown,
  none,
  recoveryFactor,
  sharpe,
  skewness,
  sortino,
  totalReturn,
  valueAtRisk,
  volatility,
  worstSpell,
} from './statistics.js';
import { tradeFigures } from './trade-figures.js';
import { type Grouping, groupsOf, resultsOf, Traded } from './traded.js';
import { TripHistory } from './trip-history.service.js';

interface Range {
  readonly fromMs: number | null;
  readonly toMs: number | null;
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
  async of(
    account: DeskAccount,
    now: EquityDay,
    range: Range,
    groupBy: Grouping | null = null,
  ): Promise<Statistics> {
    const days = await this.curve(account, now, range);
    const traded = await this.traded(account, range);
    const funding = await this.rows.funding(account.accountId, {
      after: account.began.ledgerSeq,
      fromMs: range.fromMs ?? undefined,
      toMs: range.toMs ?? undefined,
    });
    const undefinedBecause: Record<string, string> = {};
    const say = (name: string, of: Figure): number | null => {
      if ('value' in of) return of.value;
      undefinedBecause[name] = of.undefinedBecause;
      return null;
    };
    if (traded.unpriced.size > 0) {
      undefinedBecause['realisedPnl'] =
        `without what was earned in ${[...traded.unpriced].join(', ')}: no rate`;
    }
    if (traded.unpricedFees.size > 0) {
      undefinedBecause['fees'] = `without what was paid in ${[...traded.unpricedFees].join(', ')}: no price`;
    }
    const fromMs = range.fromMs ?? days.range?.fromMs ?? account.began.timeMs;
    const toMs = range.toMs ?? days.range?.toMs ?? account.nowMs;
    const spanMs = Math.min(toMs, account.nowMs) - Math.max(fromMs, account.began.timeMs);
    const exposure = traded.exposureMs(account.nowMs) / spanMs;
    const equity = days.meanEquity;
    const turnover = equity === null || equity <= 0 ? null : traded.notional.toFloat() / equity;
    return {
      from: toRfc3339(fromMs),
      to: toRfc3339(toMs),
      annualisation: 'sqrt(365)',
      ...returnFigures(days, say),
      ...tradesOf(traded, say),
      funding: inBaseCurrency(account, funding).toString(),
      exposureTime: say('exposureTime', spanMs > 0 ? figure(exposure, 'not finite') : none('no time passed')),
      turnover: say('turnover', turnover === null ? none('no equity') : figure(turnover, 'not finite')),
      groups: groupBy === null ? [] : groupsOf(traded.trips, groupBy),
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
    const { baseCurrency, rates } = account;
    const range = { fromMs: fromMs ?? 0, toMs: toMs ?? Number.MAX_SAFE_INTEGER };
    const traded = new Traded(range, (asset) =>
      asset === baseCurrency ? Decimal.one : (rates.get(asset) ?? null),
    );
    for await (const step of this.trips.of(account)) traded.add(step);
    return traded;
  }
}

type Say = (name: string, of: Figure) => number | null;

function returnFigures(days: EquityDays, say: Say) {
  const daily = days.daily();
  const returns = daily.map(({ value }) => value);
  const [total, drawdown, annual] = [totalReturn(returns), maxDrawdown(returns), cagr(returns, days.days)];
  const spell = worstSpell(daily, days.range?.fromMs ?? 0);
  const at = (name: string, ms: number | null | undefined, why: string): string | null => {
    if (ms != null) return toRfc3339(ms);
    say(name, none(why));
    return null;
  };
  return {
    days: returns.length,
    totalReturn: say('totalReturn', total),
    sharpe: say('sharpe', sharpe(returns)),
    sortino: say('sortino', sortino(returns)),
    volatility: say('volatility', volatility(returns)),
    cagr: say('cagr', annual),
    maxDrawdown: say('maxDrawdown', drawdown),
    maxDrawdownStart: at('maxDrawdownStart', spell?.startMs, 'no drawdown'),
    maxDrawdownTrough: at('maxDrawdownTrough', spell?.troughMs, 'no drawdown'),
    maxDrawdownRecovery: at(
      'maxDrawdownRecovery',
      spell?.recoveryMs,
      spell === null ? 'no drawdown' : 'not reached again yet',
    ),
    calmar: say('calmar', calmar(annual, drawdown)),
    recoveryFactor: say('recoveryFactor', recoveryFactor(total, drawdown)),
    valueAtRisk95: say('valueAtRisk95', valueAtRisk(returns)),
    conditionalValueAtRisk95: say('conditionalValueAtRisk95', conditionalValueAtRisk(returns)),
    skew: say('skew', skewness(returns)),
    kurtosis: say('kurtosis', kurtosis(returns)),
  };
}

function tradesOf(traded: Traded, say: Say) {
  const figures = tradeFigures(resultsOf(traded.trips));
  return {
    fills: traded.fills,
    trades: traded.trips.length,
    winRate: say('winRate', figures.winRate),
    averageWin: say('averageWin', figures.averageWin),
    averageLoss: say('averageLoss', figures.averageLoss),
    payoff: say('payoff', figures.payoff),
    profitFactor: say('profitFactor', figures.profitFactor),
    expectancy: say('expectancy', figures.expectancy),
    expectancyRatio: say('expectancyRatio', figures.expectancyRatio),
    sqn: say('sqn', figures.sqn),
    winStreak: figures.winStreak,
    lossStreak: figures.lossStreak,
    averageHoldingSeconds: say('averageHoldingSeconds', figures.averageHoldingSeconds),
    realisedPnl: traded.realisedPnl.toString(),
    fees: traded.fees.toString(),
  };
}
