import { createHash } from 'node:crypto';
import { Bar, candleFault, type FeatureCandle } from './candle.js';
import type { FeatureDefinition, FeatureGroup, FeatureGroupState } from './feature-group.js';

/** Turns the closed candles of one instrument and timeframe, oldest first, into vectors. Never sees a later candle. */
export interface FeatureStream {
  /**
   * Folds one closed candle in. Times must rise in whole bars.
   *
   * Gap policy: up to `gapBarsMax` missing bars are run over, the next candle being taken as the next bar (its return
   * spans the gap). After a longer gap the past says little about the present: the stream starts afresh.
   *
   * Throws RangeError, before anything changes, for a candle that is malformed, repeated, late or off the grid.
   */
  update(candle: FeatureCandle): void;
  /** The vector at the latest candle, in the order of `names`, as a fresh array; all NaN until warm. */
  values(): Float64Array;
  /** The same without allocation; `Float32Array` rounds as ONNX models do. */
  writeTo(into: Float64Array | Float32Array, offset?: number): void;
  /** True from the `barsNeeded`-th candle after the start, or after the last long gap. */
  readonly warm: boolean;
  readonly barsNeeded: number;
  /** Candles since the start or the last long gap. */
  readonly barsSeen: number;
  /** Open time of the latest candle; NaN before the first. */
  readonly timeMs: number;
}

/** A frozen list of features. What `name` means never changes: a different formula is a different set. */
export interface FeatureSet {
  readonly name: string;
  readonly version: number;
  /** SHA-256 (hex) over the canonical definition; models keep it and refuse vectors of another. */
  readonly hash: string;
  readonly names: readonly string[];
  readonly features: readonly FeatureDefinition[];
  /** Candles until the first vector. */
  readonly barsNeeded: number;
  /** Load this many candles, where there are so many, and a stream agrees with one that never stopped to 1e-9. */
  readonly barsSettled: number;
  readonly gapBarsMax: number;
  /** `barMs`: length of the candles, milliseconds. */
  create(options: { readonly barMs: number }): FeatureStream;
}

export interface FeatureSetDefinition {
  readonly name: string;
  readonly version: number;
  readonly gapBarsMax: number;
  readonly groups: readonly FeatureGroup[];
}

export function defineFeatureSet(definition: FeatureSetDefinition): FeatureSet {
  const { name, version, gapBarsMax, groups } = definition;
  const features = groups.flatMap((group) => group.features);
  const names = features.map((feature) => feature.name);
  if (new Set(names).size !== names.length) throw new RangeError(`feature names of set ${name} repeat`);
  const barsNeeded = Math.max(...features.map((feature) => feature.barsNeeded));
  const barsSettled = Math.max(...features.map((feature) => feature.barsSettled));
  const canonical = JSON.stringify({
    name,
    version,
    gapBarsMax,
    barsNeeded,
    features: features.map((feature) => [feature.name, feature.formula]),
  });
  return Object.freeze({
    name,
    version,
    hash: createHash('sha256').update(canonical, 'utf8').digest('hex'),
    names: Object.freeze(names),
    features: Object.freeze(features),
    barsNeeded,
    barsSettled,
    gapBarsMax,
    create: ({ barMs }: { readonly barMs: number }) =>
      new GroupedStream({ groups, barMs, barsNeeded, gapBarsMax, length: names.length }),
  });
}

interface StreamShape {
  readonly groups: readonly FeatureGroup[];
  readonly barMs: number;
  readonly barsNeeded: number;
  readonly gapBarsMax: number;
  readonly length: number;
}

class GroupedStream implements FeatureStream {
  barsSeen = 0;
  timeMs = Number.NaN;
  private readonly bar: Bar;
  private states: readonly FeatureGroupState[];
  private readonly latest: Float64Array;
  private latestCurrent = true;

  constructor(private readonly shape: StreamShape) {
    if (!Number.isSafeInteger(shape.barMs) || shape.barMs <= 0) {
      throw new RangeError(`barMs=${shape.barMs}, allowed: positive whole milliseconds`);
    }
    this.bar = new Bar(shape.barMs);
    this.states = shape.groups.map((group) => group.start());
    this.latest = new Float64Array(shape.length).fill(Number.NaN);
  }

  get barsNeeded(): number {
    return this.shape.barsNeeded;
  }

  get warm(): boolean {
    return this.barsSeen >= this.shape.barsNeeded;
  }

  update(candle: FeatureCandle): void {
    const fault = candleFault(candle);
    if (fault !== null) throw new RangeError(`candle refused: ${fault}`);
    if (this.barsSeen > 0 && this.barsMissing(candle.timeMs) > this.shape.gapBarsMax) this.startAfresh();
    this.bar.take(candle, this.barsSeen === 0);
    for (const state of this.states) state.update(this.bar);
    this.timeMs = candle.timeMs;
    this.barsSeen += 1;
    this.latestCurrent = false;
  }

  values(): Float64Array {
    return this.current().slice();
  }

  writeTo(into: Float64Array | Float32Array, offset = 0): void {
    into.set(this.current(), offset);
  }

  private barsMissing(timeMs: number): number {
    const { barMs } = this.shape;
    const stepMs = timeMs - this.timeMs;
    if (stepMs <= 0 || stepMs % barMs !== 0) {
      throw new RangeError(
        `candle refused: timeMs=${timeMs} after ${this.timeMs}, allowed: whole bars of ${barMs} ms later`,
      );
    }
    return stepMs / barMs - 1;
  }

  private startAfresh(): void {
    this.states = this.shape.groups.map((group) => group.start());
    this.barsSeen = 0;
  }

  /** Vectors are computed when asked for, so that warming up costs only the updates. */
  private current(): Float64Array {
    if (this.latestCurrent) return this.latest;
    if (this.warm) {
      let at = 0;
      for (let n = 0; n < this.states.length; n += 1) {
        this.states[n].write(this.latest, at);
        at += this.shape.groups[n].features.length;
      }
    } else {
      this.latest.fill(Number.NaN);
    }
    this.latestCurrent = true;
    return this.latest;
  }
}
