import { instrumentId, integer, list, object, text, time } from '../../kernel/fields.js';
import { Prediction } from '../../ml/contract/predictions.js';
import { AccountEventItem } from '../../trading/contract/portfolio.js';
import { ThresholdParameters } from '../../trading/contract/strategies.js';
import { anything } from '../../kernel/fields.js';

/** Shapes that exist only on the wire between a client and the gateway. */
export class BookQuery {
  @integer({ min: 1, max: 20, optional: true, about: 'Levels a side. Default 20.' })
  depth?: number;
}

export class VersionQuery {
  @text({ max: 80, optional: true, about: 'Model version; default the champion.' })
  version?: string;
}

export class InstrumentFilter {
  @instrumentId({ optional: true, about: 'Only this instrument.' })
  instrument?: string;
}

export class PatchStrategy {
  @object(() => ThresholdParameters)
  parameters: ThresholdParameters;
}

export class PredictionItem {
  @object(() => Prediction, { optional: true })
  prediction?: Prediction;

  @anything({ optional: true, about: 'Problem document, when there is no prediction.' })
  problem?: object;
}

export class PredictionBatch {
  @list(() => PredictionItem, { about: 'One per request, in order.' })
  items: PredictionItem[];
}

export class AccountEvents {
  @list(() => AccountEventItem)
  items: AccountEventItem[];

  @integer({ about: 'The newest there is.' })
  lastSeq: number;
}

export class ServiceInstance {
  @text({ example: 'trading' })
  name: string;

  @text({ about: 'Id of the process.' })
  instance: string;

  @text({ example: '127.0.0.1:3000' })
  address: string;

  @text({ example: '0.1.0' })
  version: string;

  @text({ about: '`up`, or `down` when the process cannot reach what it needs.' })
  health: string;

  @time()
  startedAt: string;

  @integer({ about: 'Seconds.' })
  uptimeSeconds: number;
}
