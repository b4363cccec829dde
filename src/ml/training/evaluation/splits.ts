import type { Random } from '../../../kernel/random.js';

/** One step of a walk-forward, as row numbers. Between neighbours lie at least `horizon` bars, so no label looks across. */
export interface Fold {
  /** What the model learns from. */
  readonly train: Int32Array;
  /** Decides when boosting stops. */
  readonly stop: Int32Array;
  /** Fits calibration and bias correction: the last slice before the test. */
  readonly calibrate: Int32Array;
  readonly test: Int32Array;
}

export interface WalkForwardRules {
  /** Label span in ms: a row at `t` knows its label at `t + purgeMs`. */
  readonly purgeMs: number;
  /** Extra gap before a test slice, so that slow features of the last training rows do not lean into it. */
  readonly embargoMs: number;
  /** Start of the first test slice; the rest of the time is cut into `folds` equal slices. */
  readonly testFromMs: number;
  readonly testToMs: number;
  readonly folds: number;
  /** Shares of the time before the test that go to the stop and calibration slices. */
  readonly stopShare: number;
  readonly calibrateShare: number;
}

/**
 * Expanding, purged and embargoed walk-forward (López de Prado 2018, ch. 7, forward only).
 * `timesMs` are decision times, in any order and of any number of instruments: everybody is split at the same moment,
 * because instruments move together.
 */
export function walkForward(timesMs: Float64Array, rules: WalkForwardRules): Fold[] {
  const { testFromMs, testToMs, folds } = rules;
  if (!(testToMs > testFromMs) || folds < 1) throw new RangeError('the test period is empty');
  const span = (testToMs - testFromMs) / folds;
  return Array.from({ length: folds }, (_, n) => {
    const from = testFromMs + n * span;
    return foldAt(timesMs, rules, from, n === folds - 1 ? testToMs : from + span);
  });
}

/** The fold whose test is `[testFromMs, testToMs)`; with an empty test it is how the shipped model is trained. */
export function foldAt(
  timesMs: Float64Array,
  rules: Pick<WalkForwardRules, 'purgeMs' | 'embargoMs' | 'stopShare' | 'calibrateShare'>,
  testFromMs: number,
  testToMs: number,
): Fold {
  const first = timesMs.reduce((least, t) => Math.min(least, t), Infinity);
  const end = testFromMs - rules.purgeMs - rules.embargoMs;
  const known = Math.max(0, end - first);
  const calibrateFrom = end - known * rules.calibrateShare;
  const stopTo = calibrateFrom - rules.purgeMs;
  const stopFrom = stopTo - known * rules.stopShare;
  const trainTo = stopFrom - rules.purgeMs;
  return {
    train: rowsWithin(timesMs, -Infinity, trainTo),
    stop: rowsWithin(timesMs, stopFrom, stopTo),
    calibrate: rowsWithin(timesMs, calibrateFrom, end),
    test: rowsWithin(timesMs, testFromMs, testToMs),
  };
}

/** Rows with `from ≤ time < to`. */
export function rowsWithin(timesMs: Float64Array, from: number, to: number): Int32Array {
  const rows: number[] = [];
  for (let n = 0; n < timesMs.length; n += 1) if (timesMs[n] >= from && timesMs[n] < to) rows.push(n);
  return Int32Array.from(rows);
}

/**
 * The wrong way, kept to show what it hides: random k-fold without purge, where overlapping labels leak.
 * Only the leak test uses it.
 */
export function shuffledFolds(
  rows: number,
  folds: number,
  random: Random,
): { train: Int32Array; test: Int32Array }[] {
  const order = shuffled(rows, random);
  return Array.from({ length: folds }, (_, fold) => {
    const test = order.filter((_, n) => n % folds === fold);
    const train = order.filter((_, n) => n % folds !== fold);
    return { train: train.sort(), test: test.sort() };
  });
}

/** 0…n−1 in random order (Fisher–Yates). */
export function shuffled(n: number, random: Random): Int32Array {
  const order = new Int32Array(n);
  for (let k = 0; k < n; k += 1) {
    const other = random.nextInt(k + 1);
    order[k] = order[other];
    order[other] = k;
  }
  return order;
}
