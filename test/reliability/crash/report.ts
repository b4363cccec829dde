import type { Counts } from './checker.js';
import { type Victim, victims } from './plan.js';
import { type Stop, stops, stopSays } from './stops.js';

export interface Report {
  readonly seed: number;
  readonly seconds: number;
  readonly killsPlanned: number;
  readonly kills: Readonly<Record<Victim, number>>;
  /** Kills while the server stood still there. */
  readonly held: Readonly<Record<Stop, number>>;
  /** Stops the server did not come to in time; somebody was killed all the same. */
  readonly missed: number;
  readonly counts: Counts;
  /** Snapshots of the database that were added up while all this went on. */
  readonly reads: number;
  /** States rebuilt from the database and compared with the memory they replace, by hash. */
  readonly hashes: number;
  /** Requests sent again when all was over. */
  readonly replays: number;
  readonly startSeconds: { readonly median: number; readonly max: number };
  readonly faults: readonly string[];
}

export function killsOf({ kills }: Report): number {
  return victims.reduce((sum, victim) => sum + kills[victim], 0);
}

/** Why a run proves nothing although it found nothing: what it was to prove was hardly put to the test. */
export function voidReasons(report: Report): string[] {
  const { counts, held, killsPlanned, reads, hashes } = report;
  const least = (what: string, is: number, min: number): string[] =>
    is >= min ? [] : [`${what}: ${is}, at least ${min} are needed`];
  return [
    ...least('kills', killsOf(report), killsPlanned),
    ...stops.flatMap((stop) =>
      least(`kills ${stopSays[stop]}`, held[stop], Math.max(1, Math.floor(killsPlanned / 20))),
    ),
    ...least('outcomes nobody knew', counts.ambiguous, killsPlanned),
    ...least('unknown outcomes that turned out stored', counts.ambiguousStored, Math.ceil(killsPlanned / 6)),
    ...least(
      'unknown outcomes that turned out not stored',
      counts.ambiguousLost,
      Math.ceil(killsPlanned / 6),
    ),
    ...least('acknowledged orders', counts.acknowledged, 10 * killsPlanned),
    ...least('denials', counts.denied, killsPlanned / 4),
    ...least('amendments', counts.amends, killsPlanned / 4),
    ...least('fills', counts.fills, killsPlanned),
    ...least("strategies' orders", counts.strategyOrders, killsPlanned / 4),
    ...least('events heard on the stream', counts.heard, killsPlanned),
    ...least('snapshots read', reads, killsPlanned / 2),
    ...least('states compared by hash', hashes, killsPlanned / 4),
  ];
}

/** The table a person reads. */
export function reportText(report: Report): string {
  const { counts, kills, held, faults } = report;
  const count = (promise: RegExp): number => faults.filter((fault) => promise.test(fault)).length;
  const n = killsOf(report);
  const rows: readonly (readonly [string, string | number])[] = [
    ['seed', report.seed],
    ['seconds', Math.round(report.seconds)],
    ['kills', `${n}: ${victims.map((victim) => `${victim} ${kills[victim]}`).join(', ')}`],
    ...stops.map((stop) => [`  ${stopSays[stop]}`, held[stop]] as const),
    ['stops not reached in time', report.missed],
    [
      'server ready again after, median and longest',
      `${report.startSeconds.median.toFixed(1)} s, ${report.startSeconds.max.toFixed(1)} s`,
    ],
    ['orders acknowledged', counts.acknowledged],
    ['orders denied, kept as denied', counts.denied],
    ['requests refused, kept nowhere', counts.refused],
    ['cancels answered', counts.cancels],
    ['amendments answered', counts.amends],
    ['deposits answered', counts.deposits],
    ["strategies' orders", counts.strategyOrders],
    ['fills', counts.fills],
    ['events, gap-free', counts.events],
    ['events heard on the stream', counts.heard],
    [
      'outcomes nobody knew',
      `${counts.ambiguous} (${counts.ambiguousStored} orders were stored, ${counts.ambiguousLost} were not)`,
    ],
    ['never settled', counts.unsettled],
    ['snapshots added up', report.reads],
    ['states compared by hash', report.hashes],
    ['requests sent again at the end', report.replays],
    ['lost', count(/^lost/)],
    ['doubled', count(/^doubled/)],
    ['other faults', count(/^(?!lost|doubled)/)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const bound =
    faults.length === 0 && n > 0
      ? `no fault in ${n} kills: with 95 % confidence fewer than ${(3 / n).toFixed(3)} a kill (3/n)`
      : '';
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...faults.slice(0, 20),
    bound,
  ].join('\n');
}
