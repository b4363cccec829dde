import type { Interval } from './bootstrap.js';

/** One condition a version must meet to be promoted. */
export interface GateCheck {
  readonly name: string;
  readonly passed: boolean;
  /** What was measured and what was asked, as a sentence. */
  readonly detail: string;
}

export interface Gates {
  readonly passed: boolean;
  /** Details of the checks that failed. */
  readonly reasons: readonly string[];
  readonly checks: readonly GateCheck[];
}

export function gatesOf(checks: readonly GateCheck[]): Gates {
  const failed = checks.filter(({ passed }) => !passed);
  return { passed: failed.length === 0, reasons: failed.map(({ detail }) => detail), checks };
}

/** A figure with the interval that a block bootstrap gives it. */
export interface Measured {
  readonly value: number;
  readonly interval: Interval;
}

/** Everything measured about a version; stored and shown beside the model, good or bad. */
export interface ModelEvaluation {
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly target: string;
    readonly timeframe: string;
    readonly horizon: number;
    readonly featureSet: string;
    readonly featureSetHash: string;
    readonly seed: string;
    /** Configurations tried on this data before this one was kept, itself included. */
    readonly trials: number;
    readonly boosting: Readonly<Record<string, unknown>>;
  };
  readonly data: {
    readonly instruments: readonly string[];
    readonly from: string;
    readonly to: string;
    readonly rows: number;
  };
  readonly protocol: Readonly<Record<string, unknown>>;
  /** Out-of-sample figures per instrument. */
  readonly instruments: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Checks of the procedure itself: shuffled labels, leak. */
  readonly procedure: Readonly<Record<string, unknown>>;
  readonly gates: Gates;
  /** Plain sentences for the reader who has no time. */
  readonly findings: readonly string[];
}

/** The same tree with every fraction at six significant digits (more would only pretend) and null for what is undefined. */
export function rounded<T>(value: T): T {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return null as T;
    return (Number.isInteger(value) ? value : Number(value.toPrecision(6))) as T;
  }
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)])) as T;
  }
  return value;
}

export function show(value: number, digits = 4): string {
  return value.toFixed(digits);
}

export function showInterval({ low, high }: Interval, digits = 4): string {
  return `[${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
