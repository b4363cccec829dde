import type { Bar } from './candle.js';
import { type FeatureGroup, type FeatureGroupState, floorLog, windowed } from './feature-group.js';
import { RollingMoments } from './rolling-moments.js';
import { RollingSum } from './rolling-sum.js';

export interface VolumeSpans {
  readonly zScore: number;
  /** Mean volume over `short` bars against the mean over `long`. */
  readonly ratios: readonly { readonly short: number; readonly long: number }[];
}

/** A thousandth of the usual volume and less counts as silence. */
const silence = 1e-3;

/** How busy the market is against its own past; volume itself means nothing across instruments. */
export function volumeFeatures(options: VolumeSpans): FeatureGroup {
  return {
    features: [
      windowed(
        `volume_z_score_${options.zScore}`,
        `(V-mean(V,${options.zScore}))/deviation(V,${options.zScore}); 0 when volume is constant`,
        options.zScore,
      ),
      ...options.ratios.map(({ short, long }) =>
        windowed(
          `log_volume_ratio_${short}_${long}`,
          `ln(max(mean(V,${short})/mean(V,${long}),${silence})); 0 when nothing traded`,
          Math.max(short, long),
        ),
      ),
    ],
    start: () => new VolumeState(options),
  };
}

class VolumeState implements FeatureGroupState {
  private readonly moments: RollingMoments;
  private readonly short: readonly RollingSum[];
  private readonly long: readonly RollingSum[];

  constructor({ zScore, ratios }: VolumeSpans) {
    this.moments = new RollingMoments(zScore);
    this.short = ratios.map(({ short }) => new RollingSum(short));
    this.long = ratios.map(({ long }) => new RollingSum(long));
  }

  update({ volume }: Bar): void {
    this.moments.update(volume);
    for (const sum of this.short) sum.update(volume);
    for (const sum of this.long) sum.update(volume);
  }

  write(into: Float64Array, at: number): void {
    const { short, long } = this;
    into[at] = this.moments.zScore;
    for (let n = 0; n < short.length; n += 1) {
      const usual = long[n].mean;
      into[at + 1 + n] = usual === 0 ? 0 : floorLog(short[n].mean / usual, silence);
    }
  }
}
