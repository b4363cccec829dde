import { Injectable } from '@nestjs/common';
import { liveSession } from '../../kernel/events.js';
import { toRfc3339, type Timeframe } from '../../kernel/time.js';
import { mlProblem } from '../contract/errors.js';
import {
  Features,
  type FeatureQuery,
  type FeatureSetInfo,
  type FeatureVector,
} from '../contract/features.js';
import { featureSets } from '../features/feature-sets.js';
import { FeatureStreams } from './feature-streams.service.js';

/** The vectors the models see, for people and other programs to look at. */
@Injectable()
export class FeaturesService extends Features {
  constructor(private readonly streams: FeatureStreams) {
    super();
  }

  async sets(): Promise<FeatureSetInfo[]> {
    return [...featureSets.values()].map(({ name, hash, names, barsNeeded }) => ({
      name,
      hash,
      names: [...names],
      barsNeeded,
    }));
  }

  async at({ instrument, timeframe, at }: FeatureQuery): Promise<FeatureVector> {
    const [set] = [...featureSets.values()].slice(-1);
    const key = { session: liveSession, instrument, timeframe: timeframe as Timeframe, set };
    const { stream } =
      at === undefined ? await this.streams.current(key) : await this.streams.at(key, Date.parse(at));
    if (Number.isNaN(stream.timeMs)) {
      throw mlProblem('ML_NOT_WARM', {
        detail: `${instrument} has no closed ${timeframe} candle${at ? ` up to ${at}` : ''}; ${set.barsNeeded} are needed.`,
        facts: { candles: 0, needed: set.barsNeeded },
      });
    }
    return {
      instrument,
      timeframe,
      candleTime: toRfc3339(stream.timeMs),
      version: set.name,
      hash: set.hash,
      names: [...set.names],
      values: Array.from(stream.values(), (value) => (Number.isFinite(value) ? value : null)),
      warm: stream.warm,
    };
  }
}
