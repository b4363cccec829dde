import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configClasses } from '../../../src/server.js';
import { documentedSettings } from '../../../src/platform/config/documented.js';
import { filesIn, repository, sourcesIn } from '../../architecture/sources.js';
import { planKills, victims } from './plan.js';
import { killsOf, type Report, reportText, voidReasons } from './report.js';
import { defects, stops } from './stops.js';

describe('the plan of kills', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planKills({ kills: 60, seed: 1 })).toEqual(planKills({ kills: 60, seed: 1 }));
    expect(planKills({ kills: 60, seed: 1 })).not.toEqual(planKills({ kills: 60, seed: 2 }));
  });

  it.each([60, 300])(
    'has %i kills, every victim, and each stop with a killed server and a killed PostgreSQL',
    (kills) => {
      const plan = planKills({ kills, seed: 3 });
      expect(plan.map(({ number }) => number)).toEqual(Array.from({ length: kills }, (_, n) => n + 1));
      expect(new Set(plan.map(({ victim }) => victim))).toEqual(new Set(victims));
      for (const stop of stops) {
        const there = plan.filter((kill) => kill.stop === stop);
        expect(there.length).toBeGreaterThanOrEqual(kills / 15);
        expect(there.map(({ victim }) => victim)).toEqual(expect.arrayContaining(['server', 'postgres']));
      }
      expect(plan.filter(({ stop }) => stop === null).length).toBeGreaterThan(kills / 2);
    },
  );
});

const counts: Report['counts'] = {
  acknowledged: 5_000,
  denied: 200,
  refused: 100,
  cancels: 500,
  amends: 100,
  deposits: 100,
  unsettled: 0,
  ambiguous: 300,
  ambiguousStored: 60,
  ambiguousLost: 60,
  strategyOrders: 100,
  fills: 3_000,
  events: 20_000,
  heard: 20_000,
};
const aReport = (more: Partial<Report> = {}): Report => ({
  seed: 1,
  seconds: 100,
  killsPlanned: 60,
  kills: { server: 30, postgres: 12, postmaster: 6, backend: 6, both: 6 },
  held: { 'after-fill': 5, 'before-insert': 5, 'before-commit': 5, 'before-publish': 5, 'before-reply': 5 },
  missed: 0,
  counts,
  reads: 200,
  hashes: 100,
  replays: 400,
  startSeconds: { median: 1.2, max: 2 },
  faults: [],
  ...more,
});

describe('a run that put nothing to the test', () => {
  it('is void, and says why', () => {
    expect(voidReasons(aReport())).toEqual([]);
    const few = { ...counts, ambiguous: 10 };
    expect(voidReasons(aReport({ counts: few }))).toEqual([
      'outcomes nobody knew: 10, at least 60 are needed',
    ]);
    expect(voidReasons(aReport({ counts: { ...counts, ambiguousStored: 1 } }))).toHaveLength(1);
    expect(voidReasons(aReport({ held: { ...aReport().held, 'before-commit': 2 } }))).toEqual([
      'kills after the insert, before the commit: 2, at least 3 are needed',
    ]);
    expect(voidReasons(aReport({ kills: { ...aReport().kills, server: 29 } }))).toHaveLength(1);
    expect(voidReasons(aReport({ hashes: 3, reads: 3 }))).toHaveLength(2);
  });

  it('claims a bound only when it found no fault', () => {
    expect(killsOf(aReport())).toBe(60);
    expect(reportText(aReport())).toContain(
      'no fault in 60 kills: with 95 % confidence fewer than 0.050 a kill (3/n)',
    );
    const red = reportText(aReport({ faults: ['lost: acknowledged order x is not stored'] }));
    expect(red).toMatch(/^lost +1$/m);
    expect(red).not.toContain('confidence');
  });
});

describe('stops and defects', () => {
  const words = new RegExp([...stops, ...defects, 'CRASH_', 'server\\.preload', 'failpoint'].join('|'));
  const product = sourcesIn(repository, ['src', 'migrations', 'deploy'], /./).filter(
    ({ path }) => !path.endsWith('.spec.ts'),
  );

  it('are unknown to the product: no source, no setting, no start of it names one', () => {
    expect(product.length).toBeGreaterThan(200);
    expect(product.filter(({ text }) => words.test(text)).map(({ path }) => path)).toEqual([]);
    const settings = documentedSettings(configClasses).map(({ variable }) => variable);
    expect(settings.filter((name) => words.test(name))).toEqual([]);
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const starts = [scripts.start, scripts.prestart, readFileSync(join(repository, 'Dockerfile'), 'utf8')];
    for (const start of starts) expect(start).not.toMatch(/--import|--require|NODE_OPTIONS|CRASH_/);
  });

  it('would be noticed there', () => {
    for (const planted of [
      "if (armed === 'before-commit') stop();",
      'process.env.CRASH_DEFECT',
      "import './server.preload.js'",
    ])
      expect(planted).toMatch(words);
  });

  it('are in no build: what is compiled is src and migrations alone', () => {
    const { include } = JSON.parse(readFileSync(join(repository, 'tsconfig.build.json'), 'utf8')) as {
      include: string[];
    };
    expect(include).toEqual(['src', 'migrations']);
    const into = /from '(\.\.\/)+test\//;
    expect(product.filter(({ text }) => into.test(text))).toEqual([]);
    expect(filesIn(repository, ['src'], /preload/)).toEqual([]);
  });
});
