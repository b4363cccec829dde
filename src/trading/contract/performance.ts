import {
  anything,
  decimal,
  float,
  instrumentId,
  integer,
  list,
  oneOf,
  text,
  time,
} from '../../kernel/fields.js';
import { PageQuery } from '../../kernel/page.js';

export class StatisticsQuery {
  @oneOf(['instrument', 'strategy', 'tag'], {
    optional: true,
    about: 'Also tell the closed trades apart by it.',
  })
  groupBy?: 'instrument' | 'strategy' | 'tag';
  @time({ optional: true })
  from?: string;
  @time({ optional: true })
  to?: string;
}

/** The closed trades of one instrument, strategy or tag; what is undefined is null, as in the whole. */
export class StatisticsGroup {
  @text({ nullable: true, about: 'Its instrument, strategy or tag; null for trades without one.' })
  key: string | null;
  @integer()
  trades: number;
  @float({ nullable: true })
  winRate: number | null;
  @float({ nullable: true })
  payoff: number | null;
  @float({ nullable: true })
  profitFactor: number | null;
  @float({ nullable: true })
  expectancy: number | null;
  @float({ nullable: true })
  sqn: number | null;
  @float({ nullable: true })
  averageHoldingSeconds: number | null;
  @decimal({ sign: 'any', about: 'Of closed trades, before fees.' })
  realisedPnl: string;
  @decimal({ sign: 'any' })
  fees: string;
  @decimal({ sign: 'any' })
  netPnl: string;
}

/** FACTS of the equity curve and the closed trades; what is undefined is null with its reason in `undefinedBecause`. */
export class Statistics {
  @time()
  from: string;
  @time()
  to: string;
  @text({ example: 'sqrt(365)' })
  annualisation: string;
  @integer({ about: 'Daily returns used.' })
  days: number;
  @integer()
  fills: number;
  @integer({ about: 'Round trips closed.' })
  trades: number;
  @float({ nullable: true })
  totalReturn: number | null;
  @float({ nullable: true })
  sharpe: number | null;
  @float({ nullable: true })
  sortino: number | null;
  @float({ nullable: true })
  volatility: number | null;
  @float({ nullable: true })
  cagr: number | null;
  @float({ nullable: true })
  maxDrawdown: number | null;
  @time({ nullable: true, about: 'The peak it fell from.' })
  maxDrawdownStart: string | null;
  @time({ nullable: true })
  maxDrawdownTrough: string | null;
  @time({ nullable: true, about: 'When the peak was reached again; null: not yet.' })
  maxDrawdownRecovery: string | null;
  @float({ nullable: true, about: 'CAGR / max drawdown.' })
  calmar: number | null;
  @float({ nullable: true, about: 'Total return / max drawdown.' })
  recoveryFactor: number | null;
  @float({
    nullable: true,
    about: 'Daily loss that 19 of 20 days stay above, a positive ratio (historical).',
  })
  valueAtRisk95: number | null;
  @float({ nullable: true, about: 'Mean loss of the days at or beyond it.' })
  conditionalValueAtRisk95: number | null;
  @float({ nullable: true, about: 'Of daily returns, m3 / m2^1.5.' })
  skew: number | null;
  @float({ nullable: true, about: 'Excess kurtosis, m4 / m2² − 3.' })
  kurtosis: number | null;
  @float({ nullable: true, about: 'Share of the time with anything held, 0 to 1.' })
  exposureTime: number | null;
  @float({ nullable: true, about: 'Notional of all fills / mean equity.' })
  turnover: number | null;
  @float({ nullable: true })
  winRate: number | null;
  @float({ nullable: true, about: 'After fees, base currency.' })
  averageWin: number | null;
  @float({ nullable: true, about: 'A positive amount.' })
  averageLoss: number | null;
  @float({ nullable: true, about: 'Average win / average loss.' })
  payoff: number | null;
  @float({ nullable: true })
  profitFactor: number | null;
  @float({ nullable: true })
  expectancy: number | null;
  @float({ nullable: true, about: 'p · payoff − q.' })
  expectancyRatio: number | null;
  @float({ nullable: true, about: '√n · mean / std of trade P&L.' })
  sqn: number | null;
  @integer({ about: 'Most wins in a row.' })
  winStreak: number;
  @integer({ about: 'Most losses in a row.' })
  lossStreak: number;
  @float({ nullable: true })
  averageHoldingSeconds: number | null;
  @decimal({ sign: 'any' })
  realisedPnl: string;
  @decimal({ sign: 'any' })
  fees: string;
  @decimal({ sign: 'any', about: 'Funding received, less paid; apart from P&L and fees.' })
  funding: string;
  @list(() => StatisticsGroup, { max: 100_000, about: 'Empty unless asked for with `groupBy`.' })
  groups: StatisticsGroup[];
  @anything({ about: 'Why a figure is null, by name.' })
  undefinedBecause: Record<string, string>;
}

export class ExplainQuery {
  @time({
    optional: true,
    about: 'The last moment recorded at or before it; default: since the account began or was reset.',
  })
  from?: string;
  @time({ optional: true, about: 'The last moment recorded at or before it; default: now.' })
  to?: string;
}

export class ExplainedInstrument {
  @instrumentId()
  instrument: string;
  @integer({ about: 'In between.' })
  fills: number;
  @decimal({ sign: 'any', about: 'What these fills realised, before fees.' })
  realisedPnl: string;
  @decimal({ sign: 'any', about: 'What they cost; a fee in base asset at the price of its fill.' })
  fees: string;
  @decimal({ sign: 'any', about: 'Unrealised P&L at the beginning, at the marks and rates of then.' })
  unrealisedFrom: string;
  @decimal({ sign: 'any', about: 'At the end, at the marks and rates of the end.' })
  unrealisedTo: string;
}

export class ExplainedAsset {
  @text()
  asset: string;
  @decimal({
    nullable: true,
    about: 'Worth of one unit at the beginning; null: unknown or not held, and it counted nothing.',
  })
  priceFrom: string | null;
  @decimal({ nullable: true, about: 'At the end.' })
  priceTo: string | null;
  @decimal({ sign: 'any', about: 'Paid in less paid out, at priceTo.' })
  transfers: string;
  @decimal({
    sign: 'any',
    about:
      'Change of price on what was held of it at the beginning, positions counted at their cost in quote asset.',
  })
  revaluation: string;
  @decimal({ sign: 'any', about: 'Booked for another reason, e.g. funding, at priceTo.' })
  other: string;
}

export class ExplainedFill {
  @text()
  id: string;
  @integer({ about: 'In the account log.' })
  seq: number;
  @time()
  time: string;
  @instrumentId()
  instrument: string;
  @decimal({ sign: 'any', about: 'Before fees.' })
  realisedPnl: string;
  @decimal({ sign: 'any' })
  fee: string;
}

/**
 * openingEquity + transfers + realisedPnl − fees + unrealisedChange + revaluation + other + rounding = closingEquity,
 * exactly. All amounts in base currency; what was in another one is turned into it at the rates of the end.
 */
export class PortfolioExplanation {
  @text()
  currency: string;
  @time({ about: 'The moment that was taken for `from`.' })
  from: string;
  @time({ about: 'The moment that was taken for `to`.' })
  to: string;
  @decimal({ sign: 'any', about: 'As `GET …/portfolio/history` has it; 0 before the account began.' })
  openingEquity: string;
  @decimal({ sign: 'any', about: 'Paid in less paid out; after a reset what it began with.' })
  transfers: string;
  @decimal({ sign: 'any', about: 'Of the fills in between, before fees.' })
  realisedPnl: string;
  @decimal({ sign: 'any', about: 'Of the fills in between; to be subtracted.' })
  fees: string;
  @decimal({ sign: 'any', about: 'What marks did: unrealised P&L at the end less that at the beginning.' })
  unrealisedChange: string;
  @decimal({ sign: 'any', about: 'What rates did to what was held in other assets, positions apart.' })
  revaluation: string;
  @decimal({ sign: 'any', about: 'What was booked for other reasons.' })
  other: string;
  @decimal({ sign: 'any', about: 'What rounded average prices and rates leave, far below a cent.' })
  rounding: string;
  @decimal({ sign: 'any' })
  closingEquity: string;
  @list(() => ExplainedInstrument, { max: 100_000 })
  instruments: ExplainedInstrument[];
  @list(() => ExplainedAsset)
  assets: ExplainedAsset[];
  @list(() => ExplainedFill, { max: 1000, about: 'Oldest first, the first thousand.' })
  fills: ExplainedFill[];
  @integer({ about: 'Further fills, which are in the sums.' })
  fillsLeftOut: number;
}

export class RoundTripsQuery extends PageQuery {
  @instrumentId({ optional: true })
  instrument?: string;
  @text({ max: 80, optional: true, about: 'Only those of this strategy.' })
  strategyId?: string;
  @text({ max: 80, optional: true, about: 'Only those with this tag.' })
  tag?: string;
}

/** One way into a position and out of it again, since the account began or was reset. Amounts in quote asset. */
export class RoundTripItem {
  @text({ about: 'Of the fill that opened it.' })
  id: string;
  @integer({ about: 'Of the fill that closed it, in the account log.' })
  seq: number;
  @instrumentId()
  instrument: string;
  @oneOf(['long', 'short'])
  side: string;
  @decimal({ about: 'Entered in all, base asset.' })
  quantity: string;
  @decimal({ about: 'Average over everything that entered.' })
  entryPrice: string;
  @decimal()
  exitPrice: string;
  @time()
  openedAt: string;
  @time()
  closedAt: string;
  @float({ min: 0 })
  holdingSeconds: number;
  @decimal({ sign: 'any', about: 'Before fees.' })
  pnl: string;
  @decimal({ sign: 'any' })
  fees: string;
  @decimal({ sign: 'any', about: 'pnl less fees.' })
  netPnl: string;
  @float({ nullable: true, about: 'netPnl as a ratio of the most the position cost at one time.' })
  return: number | null;
  @decimal({
    sign: 'any',
    about:
      'Maximum adverse excursion: lowest P&L before fees at the prices seen while it was open (where it could have been left: bid or ask, else trades or the path of the bar); 0 or below.',
  })
  mae: string;
  @decimal({ sign: 'any', about: 'Maximum favourable excursion, in the same way; 0 or above.' })
  mfe: string;
  @float({ nullable: true, about: 'mae as a ratio of the most the position cost at one time.' })
  maeRatio: number | null;
  @float({ nullable: true })
  mfeRatio: number | null;
  @integer()
  fills: number;
  @text({ nullable: true, about: 'Of everything that entered; null for none, or for more than one.' })
  strategyId: string | null;
  @list({ type: 'string' }, { about: 'Of all orders that entered.' })
  tags: string[];
}
