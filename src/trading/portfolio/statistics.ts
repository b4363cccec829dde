/** One day's return, net of transfers: E(t)/E(t−1) − 1. */
export interface DailyReturn {
  readonly timeMs: number;
  readonly value: number;
}

export interface EquitySample {
  readonly timeMs: number;
  /** In base currency. */
  readonly equity: number;
}

export interface CashFlow {
  readonly timeMs: number;
  /** Deposits positive, withdrawals negative, in base currency. */
  readonly amount: number;
}

/** A figure, or why there is none. */
export type Figure = { readonly value: number } | { readonly undefinedBecause: string };

/** 24/7 market: a year has 365 trading days. */
export const annualDays = 365;
const dayMs = 86_400_000;

export const none = (undefinedBecause: string): Figure => ({ undefinedBecause });
export const figure = (value: number, otherwise: string): Figure =>
  Number.isFinite(value) ? { value } : none(otherwise);

/**
 * Equity at each 00:00 UTC (last sample at or before it, plus the first and the last sample themselves) to daily returns
 * net of the transfers in between. Days on which equity was not positive end the series: a ratio to nothing says nothing.
 */
export function dailyReturns(samples: readonly EquitySample[], flows: readonly CashFlow[]): DailyReturn[] {
  if (samples.length < 2) return [];
  const points: EquitySample[] = [samples[0]];
  let midnight = (Math.floor(samples[0].timeMs / dayMs) + 1) * dayMs;
  const last = samples[samples.length - 1];
  let n = 0;
  for (; midnight <= last.timeMs; midnight += dayMs) {
    while (n + 1 < samples.length && samples[n + 1].timeMs <= midnight) n += 1;
    points.push({ timeMs: midnight, equity: samples[n].equity });
  }
  if (points[points.length - 1].timeMs < last.timeMs) points.push(last);

  const returns: DailyReturn[] = [];
  let flow = 0;
  for (let i = 1; i < points.length; i += 1) {
    const [from, to] = [points[i - 1], points[i]];
    if (from.equity <= 0) break;
    let moved = 0;
    while (flow < flows.length && flows[flow].timeMs <= to.timeMs) {
      if (flows[flow].timeMs > from.timeMs) moved += flows[flow].amount;
      flow += 1;
    }
    returns.push({ timeMs: to.timeMs, value: (to.equity - moved) / from.equity - 1 });
  }
  return returns;
}

/** Transfer-neutral index Π(1+r), starting at 1. */
export function indexOf(returns: readonly number[]): number[] {
  const index = [1];
  for (const r of returns) index.push(index[index.length - 1] * (1 + r));
  return index;
}

/** Sharpe = mean / std(n−1) × √365, risk-free rate 0 (Sharpe 1994). */
export function sharpe(returns: readonly number[]): Figure {
  if (returns.length < 2) return none('needs two daily returns');
  const std = deviation(returns);
  return std === 0
    ? none('returns do not vary')
    : figure((mean(returns) / std) * Math.sqrt(annualDays), 'not finite');
}

/** Sortino = mean / √(Σ min(r,0)² / n) × √365 (Sortino & van der Meer 1991). */
export function sortino(returns: readonly number[]): Figure {
  if (returns.length < 2) return none('needs two daily returns');
  const downside = Math.sqrt(mean(returns.map((r) => Math.min(r, 0) ** 2)));
  return downside === 0
    ? none('no losing day')
    : figure((mean(returns) / downside) * Math.sqrt(annualDays), 'not finite');
}

export function volatility(returns: readonly number[]): Figure {
  if (returns.length < 2) return none('needs two daily returns');
  return figure(deviation(returns) * Math.sqrt(annualDays), 'not finite');
}

/** Largest fall of the index from an earlier peak, as a positive ratio. */
export function maxDrawdown(returns: readonly number[]): Figure {
  if (returns.length === 0) return none('needs one daily return');
  let peak = 1;
  let worst = 0;
  for (const value of indexOf(returns)) {
    peak = Math.max(peak, value);
    worst = Math.max(worst, (peak - value) / peak);
  }
  return figure(worst, 'not finite');
}

/** CAGR = (end/start)^(365/days) − 1 on the transfer-neutral index; below a day it would only magnify noise. */
export function cagr(returns: readonly number[], days: number): Figure {
  if (returns.length === 0 || days < 1) return none('needs one day');
  const end = indexOf(returns)[returns.length];
  return end <= 0 ? none('index fell to zero') : figure(end ** (annualDays / days) - 1, 'not finite');
}

export function totalReturn(returns: readonly number[]): Figure {
  return returns.length === 0
    ? none('needs one daily return')
    : figure(indexOf(returns)[returns.length] - 1, 'not finite');
}

/** Calmar = CAGR / max drawdown (Young 1991). */
export function calmar(annual: Figure, drawdown: Figure): Figure {
  if (!('value' in annual)) return annual;
  if (!('value' in drawdown)) return drawdown;
  return drawdown.value === 0 ? none('no drawdown') : figure(annual.value / drawdown.value, 'not finite');
}

/** Loss that 19 of 20 days stay above: the 5 % quantile of daily returns, linear between its neighbours, as a positive ratio. */
export function valueAtRisk(returns: readonly number[]): Figure {
  return returns.length < tailDaysMin ? none(tooFewForATail) : figure(-tail(returns), 'not finite');
}

/** Mean loss of the days at or beyond the value at risk (expected shortfall). */
export function conditionalValueAtRisk(returns: readonly number[]): Figure {
  if (returns.length < tailDaysMin) return none(tooFewForATail);
  const bound = tail(returns);
  return figure(-mean(returns.filter((r) => r <= bound)), 'not finite');
}

/** Fisher-Pearson skewness m3 / m2^1.5 of all days, without a correction for their number. */
export function skewness(returns: readonly number[]): Figure {
  return moment(returns, 3, 'needs three daily returns', (m3, m2) => m3 / m2 ** 1.5);
}

/** Excess kurtosis m4 / m2² − 3; 0 is a normal distribution. */
export function kurtosis(returns: readonly number[]): Figure {
  return moment(returns, 4, 'needs four daily returns', (m4, m2) => m4 / m2 ** 2 - 3);
}

/** Recovery factor = total return / max drawdown. */
export function recoveryFactor(total: Figure, drawdown: Figure): Figure {
  if (!('value' in total)) return total;
  if (!('value' in drawdown)) return drawdown;
  return drawdown.value === 0 ? none('no drawdown') : figure(total.value / drawdown.value, 'not finite');
}

/** The largest fall: from which peak, to which trough, and when the peak was reached again; null while it was not. */
export interface DrawdownSpell {
  readonly startMs: number;
  readonly troughMs: number;
  readonly recoveryMs: number | null;
}

/** Null when the index never fell. `fromMs`: when it stood at 1. */
export function worstSpell(returns: readonly DailyReturn[], fromMs: number): DrawdownSpell | null {
  let [index, peak, peakMs, worst] = [1, 1, fromMs, 0];
  let spell: { startMs: number; troughMs: number; peak: number; recoveryMs: number | null } | null = null;
  for (const { timeMs, value } of returns) {
    index *= 1 + value;
    if (index >= peak) [peak, peakMs] = [index, timeMs];
    const fall = (peak - index) / peak;
    if (fall > worst) {
      worst = fall;
      spell = { startMs: peakMs, troughMs: timeMs, peak, recoveryMs: null };
    }
    if (spell !== null && spell.recoveryMs === null && index >= spell.peak) spell.recoveryMs = timeMs;
  }
  return spell && { startMs: spell.startMs, troughMs: spell.troughMs, recoveryMs: spell.recoveryMs };
}

/** Fewer days have no twentieth part. */
const tailDaysMin = 20;
const tooFewForATail = `needs ${tailDaysMin} daily returns`;

function tail(returns: readonly number[]): number {
  const sorted = returns.toSorted((a, b) => a - b);
  const at = 0.05 * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

function moment(
  returns: readonly number[],
  power: number,
  lacking: string,
  of: (moment: number, variance: number) => number,
): Figure {
  if (returns.length < power) return none(lacking);
  const m = mean(returns);
  const central = (k: number): number => mean(returns.map((r) => (r - m) ** k));
  const variance = central(2);
  return variance === 0 ? none('returns do not vary') : figure(of(central(power), variance), 'not finite');
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, v) => total + v, 0);
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

export function deviation(values: readonly number[]): number {
  const m = mean(values);
  return Math.sqrt(sum(values.map((v) => (v - m) ** 2)) / (values.length - 1));
}
