import { RollingMoments } from './rolling-moments.js';

/** Bollinger bands: the mean of the last `span` closes and `width` population deviations to either side. */
export class BollingerBands {
  private readonly moments: RollingMoments;

  constructor(
    readonly span: number,
    readonly width: number,
  ) {
    this.moments = new RollingMoments(span);
  }

  get middle(): number {
    return this.moments.mean;
  }

  get upper(): number {
    return this.moments.mean + this.width * this.moments.deviation;
  }

  get lower(): number {
    return this.moments.mean - this.width * this.moments.deviation;
  }

  /** Where the close stands: −1 on the lower band, 0 in the middle, 1 on the upper; 0 when the bands have no width. */
  get position(): number {
    return this.moments.zScore / this.width;
  }

  /** Distance between the bands as a share of the middle. */
  get relativeWidth(): number {
    return (2 * this.width * this.moments.deviation) / this.moments.mean;
  }

  update(close: number): void {
    this.moments.update(close);
  }
}
