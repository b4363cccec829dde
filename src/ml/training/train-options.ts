import { parseArgs } from 'node:util';
import { parseInstrumentId } from '../../kernel/money.js';
import { isTimeframe, parseRfc3339, timeframes, type Timeframe } from '../../kernel/time.js';
import type { ModelTarget } from '../models/manifest.js';
import type { BoostingOptions } from './boosting/booster.js';
import { trainingDefaults, type TrainingRules } from './training-request.js';

export const trainUsage = `Train a model on candles and judge it against the baselines.

  npm run train -- --target volatility --horizon 12 --timeframe 5m \\
      --candles btc.csv.gz --instrument BTC-USDT.BINANCE \\
      --candles eth.csv.gz --instrument ETH-USDT.BINANCE --out ./var/models/my-volatility

What to learn
  --target <t>         direction | volatility
  --horizon <bars>     how far ahead, in bars
  --timeframe <t>      of the candles: ${timeframes.join(' ')}
  --candles <file>     CSV or CSV.gz with the header timestamp_ms,open,high,low,close,volume; repeat for more
  --instrument <id>    BASE-QUOTE.VENUE of each file, in the same order
  --from, --to <time>  use only candles opened within, RFC 3339, --to exclusive

How
  --seed <text>        same seed and input, same bytes (default 1)
  --trees <n>          most trees, before early stopping
  --leaves <n>         leaves per tree
  --learning-rate <x>  share of each tree's answer that is kept
  --folds <n>          test slices of the walk-forward (default ${trainingDefaults.folds})
  --test-share <x>     share of the time, from the end, tested on (default ${trainingDefaults.testShare})
  --cost-bps <x>       entry and exit together, for the profit figures (default ${trainingDefaults.roundTripCostBps})
  --trials <n>         configurations you tried so far, this one included; told to the reader (default 1)

Where to
  --out <folder>       gets model.onnx, manifest.json, evaluation.json
  --name <name>        of the model (default <target>-<timeframe>)
  --version <text>     default 1.0.0
  --help               this text

Exit status: 0 trained (passed or not: read the gates), 1 failed, 2 wrong arguments.
`;

export interface TrainOptions {
  readonly files: readonly { readonly path: string; readonly instrument: string }[];
  readonly target: ModelTarget;
  readonly timeframe: Timeframe;
  readonly horizon: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly seed: string;
  readonly boosting: Partial<BoostingOptions>;
  readonly rules: Partial<TrainingRules>;
  readonly out: string;
  readonly name: string;
  readonly version: string;
}

/** Null when help was asked for. Throws RangeError or TypeError saying what is wrong with which argument. */
export function readTrainOptions(args: readonly string[]): TrainOptions | null {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      target: text,
      horizon: text,
      timeframe: text,
      candles: { type: 'string', multiple: true },
      instrument: { type: 'string', multiple: true },
      from: text,
      to: text,
      seed: text,
      trees: text,
      leaves: text,
      'learning-rate': text,
      folds: text,
      'test-share': text,
      'cost-bps': text,
      trials: text,
      out: text,
      name: text,
      version: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return null;
  const { target, timeframe = '', candles = [], instrument = [], out } = values;
  const wrong = (name: string, value: unknown, allowed: string): RangeError =>
    new RangeError(`--${name} is ${value === undefined ? 'missing' : JSON.stringify(value)}; ${allowed}`);
  if (target !== 'direction' && target !== 'volatility')
    throw wrong('target', target, 'say direction or volatility');
  if (!isTimeframe(timeframe))
    throw wrong('timeframe', values.timeframe, `say one of ${timeframes.join(' ')}`);
  if (candles.length === 0) throw wrong('candles', undefined, 'name at least one file');
  if (candles.length !== instrument.length) {
    throw new RangeError(
      `${candles.length} --candles but ${instrument.length} --instrument; give one for each, in order`,
    );
  }
  for (const id of instrument) {
    if (parseInstrumentId(id) === null)
      throw wrong('instrument', id, 'say BASE-QUOTE.VENUE, e.g. BTC-USDT.BINANCE');
  }
  if (out === undefined) throw wrong('out', out, 'name the folder to write to');
  const number = (
    name: keyof typeof values,
    allowed: string,
    ok: (value: number) => boolean,
  ): number | undefined => {
    const given = values[name];
    if (given === undefined) return undefined;
    const value = Number(given);
    if (!Number.isFinite(value) || !ok(value)) throw wrong(name, given, allowed);
    return value;
  };
  const count = (name: keyof typeof values, max: number): number | undefined =>
    number(
      name,
      `a whole number from 1 to ${max} is allowed`,
      (n) => Number.isInteger(n) && n >= 1 && n <= max,
    );
  const share = (name: keyof typeof values): number | undefined =>
    number(name, 'a number above 0 and below 1 is allowed', (x) => x > 0 && x < 1);
  const time = (name: 'from' | 'to', otherwise: number): number => {
    const given = values[name];
    if (given === undefined) return otherwise;
    const timeMs = parseRfc3339(given);
    if (timeMs === null) throw wrong(name, given, 'say a time like 2023-01-01T00:00:00Z');
    return timeMs;
  };
  const horizon = count('horizon', 10_000);
  if (horizon === undefined) throw wrong('horizon', undefined, 'say how many bars ahead');
  return {
    files: candles.map((path, n) => ({ path, instrument: instrument[n] })),
    target,
    timeframe,
    horizon,
    fromMs: time('from', -Infinity),
    toMs: time('to', Infinity),
    seed: values.seed ?? '1',
    boosting: given({
      trees: count('trees', 10_000),
      leaves: count('leaves', 4096),
      learningRate: share('learning-rate'),
    }),
    rules: given({
      folds: count('folds', 100),
      testShare: share('test-share'),
      roundTripCostBps: number('cost-bps', '0 or more is allowed', (x) => x >= 0),
      trials: count('trials', 1_000_000),
    }),
    out,
    name: values.name ?? `${target}-${timeframe}`,
    version: values.version ?? '1.0.0',
  };
}

/** Without the fields that were not said, so that defaults show through. */
function given<T extends object>(fields: T): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
