import { flag, integer, list, oneOf, text, time, timeframe } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';

export class ModelVersion {
  @text()
  name: string;

  @text()
  version: string;

  @oneOf(['direction', 'volatility'])
  target: string;

  @timeframe()
  timeframe: string;

  @integer({ about: 'Bars ahead.' })
  horizon: number;

  @text({ about: 'Feature set it was trained on.' })
  featureSet: string;

  @text({ about: 'SHA-256 of the ONNX bytes.' })
  hash: string;

  @flag({ about: 'Shipped with the server.' })
  bundled: boolean;

  @flag({ about: 'Did it pass its gates against the baselines?' })
  gatesPassed: boolean;

  @list({ type: 'string' }, { about: 'Aliases that point here: champion, challenger, shadow.' })
  aliases: string[];

  @time()
  createdAt: string;
}

export abstract class Models {
  static readonly port: PortDescription<Models> = {
    name: 'ml.models',
    methods: { list: 'read', get: 'read', evaluation: 'read' },
  };

  abstract list(query: object): Promise<ModelVersion[]>;
  /** The champion of the name. Throws ML_MODEL_UNKNOWN. */
  abstract get(query: { name: string; version?: string }): Promise<ModelVersion>;
  /** Metrics against baselines, as stored when it was trained. Throws ML_MODEL_UNKNOWN. */
  abstract evaluation(query: { name: string; version?: string }): Promise<Record<string, unknown>>;
}
