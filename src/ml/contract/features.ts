import { flag, instrumentId, list, text, time, timeframe, integer } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';

export class FeatureSetInfo {
  @text({ example: 'v1' })
  name: string;

  @text({ about: 'SHA-256 of its definition.' })
  hash: string;

  @list({ type: 'string' })
  names: string[];

  @integer({ about: 'Closed candles needed before the first vector.' })
  barsNeeded: number;
}

export class FeatureQuery {
  @instrumentId()
  instrument: string;

  @timeframe({ example: '5m' })
  timeframe: string;

  @time({
    optional: true,
    about: 'As seen when the candle with this open time closed. Default: the newest closed candle.',
  })
  at?: string;
}

export class FeatureVector {
  @instrumentId()
  instrument: string;

  @timeframe()
  timeframe: string;

  @time({ about: 'Open time of the last candle in it.' })
  candleTime: string;

  @text({ about: 'Feature set.' })
  version: string;

  @text()
  hash: string;

  @list({ type: 'string' })
  names: string[];

  @list({ type: ['number', 'null'] }, { about: 'Null where not warm.' })
  values: (number | null)[];

  @flag({ about: 'Enough history for every feature.' })
  warm: boolean;
}

export abstract class Features {
  static readonly port: PortDescription<Features> = {
    name: 'ml.features',
    methods: { sets: 'read', at: 'read' },
  };

  abstract sets(query: object): Promise<FeatureSetInfo[]>;
  /** Throws DATA_UNKNOWN_INSTRUMENT, ML_NOT_WARM when there is no candle at all. */
  abstract at(query: FeatureQuery): Promise<FeatureVector>;
}
