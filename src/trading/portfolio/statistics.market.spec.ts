import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../test/support/market.js';
import { annualDays, indexOf, maxDrawdown, sharpe, sortino, volatility, type Figure } from './statistics.js';

interface Vectors {
  tests: { test: string; args: string[]; cases: unknown[][] }[];
}
/** The published vectors have 252 trading days a year, ours has 365. */
const perYear = Math.sqrt(annualDays / 252);

if (needsMarket('statistics against the published vectors of empyrical')) {
  const { tests } = JSON.parse(
    readFileSync(marketFile('vectors/portfolio_stats_empyrical_core.json'), 'utf8'),
  ) as Vectors;
  /** Cases with one series of plain returns, whose last argument is the expected figure. */
  const cases = (test: string): { args: unknown[]; returns: number[]; expected: number | null }[] =>
    (tests.find((one) => one.test === test)?.cases ?? []).flatMap((args) => {
      const series = (args[0] as { series?: [string, number | null][] } | null)?.series;
      const expected = args.at(-1);
      if (series === undefined || (typeof expected !== 'number' && expected !== null)) return [];
      // A first value of NaN stands for the day before the first return.
      const returns = series.map(([, value]) => value).filter((value) => value !== null);
      return [{ args, returns, expected }];
    });
  const agree = (figure: Figure, expected: number | null): void => {
    if (expected === null || !Number.isFinite(expected)) expect(figure).toHaveProperty('undefinedBecause');
    else expect('value' in figure ? figure.value : figure).toBeCloseTo(expected, 6);
  };

  describe('statistics, against the vectors of empyrical', () => {
    it('draws down as published', () => {
      const all = cases('test_max_drawdown').filter(({ returns }) => returns.length > 0);
      expect(all.length).toBeGreaterThanOrEqual(5);
      for (const { returns, expected } of all) agree(maxDrawdown(returns), -expected!);
    });

    it('compounds as published', () => {
      const all = cases('test_cum_returns_final').filter(
        ({ args, returns }) => args[1] === 0 && returns.length > 0,
      );
      expect(all.length).toBeGreaterThanOrEqual(2);
      // Published with four digits.
      for (const { returns, expected } of all) expect(indexOf(returns).at(-1)! - 1).toBeCloseTo(expected!, 4);
    });

    it('has the published volatility, on a year of 365 days', () => {
      const all = cases('test_annual_volatility').filter(({ args }) => args[1] === 'daily');
      expect(all.length).toBeGreaterThanOrEqual(2);
      for (const { returns, expected } of all) {
        agree(volatility(returns), expected === null ? null : expected * perYear);
      }
    });

    it('has the published Sharpe ratios without a risk-free rate', () => {
      const all = cases('test_sharpe_ratio').filter(({ args }) => args[1] === 0);
      expect(all.length).toBeGreaterThanOrEqual(4);
      for (const { returns, expected } of all) {
        agree(sharpe(returns), expected === null ? null : expected * perYear);
      }
    });

    it('has the published Sortino ratios without a required return', () => {
      const all = cases('test_sortino').filter(({ args }) => args[1] === 0 && args[2] === 'daily');
      expect(all.length).toBeGreaterThanOrEqual(3);
      for (const { returns, expected } of all) {
        agree(sortino(returns), expected === null ? null : expected * perYear);
      }
    });
  });
}
