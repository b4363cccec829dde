import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../test/support/market.js';
import {
  annualDays,
  cagr,
  calmar,
  type Figure,
  indexOf,
  maxDrawdown,
  sharpe,
  sortino,
  volatility,
} from './statistics.js';

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
  const cases = (
    test: string,
  ): { args: unknown[]; returns: number[]; rows: number; expected: number | null }[] =>
    (tests.find((one) => one.test === test)?.cases ?? []).flatMap((args) => {
      const series = (args[0] as { series?: [string, number | null][] } | null)?.series;
      const expected = args.at(-1);
      if (series === undefined || (typeof expected !== 'number' && expected !== null)) return [];
      // A first value of NaN stands for the day before the first return.
      const returns = series.map(([, value]) => value).filter((value) => value !== null);
      return [{ args, returns, rows: series.length, expected }];
    });
  const agree = (figure: Figure, expected: number | null): void => {
    if (expected === null || !Number.isFinite(expected)) expect(figure).toHaveProperty('undefinedBecause');
    else expect('value' in figure ? figure.value : figure).toBeCloseTo(expected, 6);
  };

  /** On how many of the published cases a figure was checked; the others are of another kind, as its test says. */
  const counted = (test: string, checked: number): string =>
    `${checked} of ${tests.find((one) => one.test === test)!.cases.length}`;
  const growth = (expected: number): number => (1 + expected) ** (annualDays / 252) - 1;

  describe('statistics, against the vectors of empyrical', () => {
    // Left out everywhere: tables of several series, weekly and monthly returns (ours are daily), and rates that are not 0.
    it('draws down as published', () => {
      const all = cases('test_max_drawdown').filter(({ returns }) => returns.length > 0);
      for (const { returns, expected } of all) agree(maxDrawdown(returns), -expected!);
      // The one without a single return is 0 there; here it has none.
      expect(counted('test_max_drawdown', all.length)).toBe('5 of 8');
    });

    it('compounds as published', () => {
      const all = cases('test_cum_returns_final').filter(
        ({ args, returns }) => args[1] === 0 && returns.length > 0,
      );
      // Published with four digits; with a starting value it is money, not a return.
      for (const { returns, expected } of all) expect(indexOf(returns).at(-1)! - 1).toBeCloseTo(expected!, 4);
      expect(counted('test_cum_returns_final', all.length)).toBe('3 of 5');
    });

    it.each([
      ['test_cagr', '3 of 5'],
      ['test_annual_ret', '1 of 3'],
    ])('grows a year as published by %s, on 365 days', (test, checked) => {
      const all = cases(test).filter(({ args, returns }) => args[1] === 'daily' && returns.length > 0);
      for (const { returns, rows, expected } of all) {
        // The day before the first return counts as one of theirs.
        const ours = cagr(returns, rows);
        expect('value' in ours && ours.value / growth(expected!)).toBeCloseTo(1, 6);
      }
      expect(counted(test, all.length)).toBe(checked);
    });

    it('has the published Calmar ratios, on a year of 365 days', () => {
      const all = cases('test_calmar').filter(
        ({ args, returns }) => args[1] === 'daily' && returns.length > 0,
      );
      for (const { returns, rows, expected } of all) {
        const drawdown = maxDrawdown(returns);
        const ours = calmar(cagr(returns, rows), drawdown);
        if (expected === null) expect(ours).toHaveProperty('undefinedBecause');
        else {
          const { value } = drawdown as { value: number };
          agree(ours, growth(expected * value) / value);
        }
      }
      expect(counted('test_calmar', all.length)).toBe('2 of 5');
    });

    it('has the published volatility, on a year of 365 days', () => {
      const all = cases('test_annual_volatility').filter(({ args }) => args[1] === 'daily');
      for (const { returns, expected } of all) {
        agree(volatility(returns), expected === null ? null : expected * perYear);
      }
      expect(counted('test_annual_volatility', all.length)).toBe('2 of 4');
    });

    it('has the published Sharpe ratios without a risk-free rate', () => {
      const all = cases('test_sharpe_ratio').filter(({ args }) => args[1] === 0);
      for (const { returns, expected } of all) {
        agree(sharpe(returns), expected === null ? null : expected * perYear);
      }
      expect(counted('test_sharpe_ratio', all.length)).toBe('5 of 8');
    });

    it('has the published Sortino ratios without a required return', () => {
      const all = cases('test_sortino').filter(({ args }) => args[1] === 0 && args[2] === 'daily');
      for (const { returns, expected } of all) {
        agree(sortino(returns), expected === null ? null : expected * perYear);
      }
      expect(counted('test_sortino', all.length)).toBe('4 of 13');
    });
  });
}
