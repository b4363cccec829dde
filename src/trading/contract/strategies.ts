import {
  decimal,
  flag,
  float,
  instrumentId,
  integer,
  object,
  oneOf,
  text,
  time,
  timeframe,
} from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

/** Enter when the model is sure enough and the expected return beats the cost; leave on stop, target, time or change of mind. */
export class ThresholdParameters {
  @float({
    min: 0.5,
    max: 1,
    optional: true,
    about:
      'Enter long at or above this probability (short at or below 1 − it, on margin accounts). Default 0.55.',
  })
  enterProbability?: number;
  @float({ min: 0, max: 1, optional: true, about: 'Leave a long below this probability. Default 0.5.' })
  exitProbability?: number;
  @float({
    min: -1,
    max: 1,
    optional: true,
    about:
      'Least expected return after round-trip cost. Default 0; negative values trade although it does not pay.',
  })
  minimumEdge?: number;
  @float({
    min: 0,
    max: 1,
    optional: true,
    about: 'Share of equity at the reference volatility. Default 0.1.',
  })
  equityFraction?: number;
  @float({
    min: 0.0001,
    max: 1,
    optional: true,
    about:
      'Volatility over the horizon at which equityFraction is used; size falls in proportion above it. Default 0.005.',
  })
  referenceVolatility?: number;
  @float({
    min: 0,
    max: 50,
    optional: true,
    about: 'Stop, in expected volatilities from entry; 0 is off. Default 3.',
  })
  stopVolatilities?: number;
  @float({
    min: 0,
    max: 50,
    optional: true,
    about: 'Target, in expected volatilities from entry; 0 is off. Default 3.',
  })
  targetVolatilities?: number;
  @integer({
    min: 0,
    max: 100_000,
    optional: true,
    about: 'Leave after this many bars; 0 is off. Default: the horizon.',
  })
  maxBars?: number;
  @flag({ optional: true, about: 'Trade although `trust.ok` is false. Default false.' })
  ignoreTrust?: boolean;
}

export class CreateStrategy {
  @text({ min: 1, max: 60, example: 'trend-btc' })
  name: string;
  @oneOf(['threshold'])
  kind: string;
  @instrumentId()
  instrument: string;
  @timeframe({ example: '5m' })
  timeframe: string;
  @text({ max: 80, optional: true, about: 'Model name; default the champion.' })
  model?: string;
  @object(() => ThresholdParameters, { optional: true })
  parameters?: ThresholdParameters;
}

export class Strategy {
  @text()
  id: string;
  @text()
  accountId: string;
  @text()
  name: string;
  @oneOf(['threshold'])
  kind: string;
  @instrumentId()
  instrument: string;
  @timeframe()
  timeframe: string;
  @text({ nullable: true })
  model: string | null;
  @object(() => ThresholdParameters)
  parameters: ThresholdParameters;
  @oneOf(['stopped', 'started'])
  state: 'stopped' | 'started';
  @decimal({ sign: 'any', about: 'Realised P&L of its fills, before fees.' })
  realisedPnl: string;
  @time()
  createdAt: string;
}

/** One strategy per account and instrument runs at a time. Another's account is TRADING_ACCOUNT_UNKNOWN. */
export abstract class Strategies {
  static readonly port: PortDescription<Strategies> = {
    name: 'trading.strategies',
    methods: {
      create: 'keyed',
      list: 'read',
      get: 'read',
      update: 'keyed',
      start: 'keyed',
      stop: 'keyed',
      remove: 'keyed',
    },
  };

  /**
   * `idempotencyKey`: the same key and content answers the first strategy again; other content → IDEMPOTENCY_KEY_REUSED.
   * Throws DATA_UNKNOWN_INSTRUMENT.
   */
  abstract create(command: {
    principal: Principal;
    accountId: string;
    strategy: CreateStrategy;
    idempotencyKey?: string;
  }): Promise<Strategy>;
  /** Oldest first. */
  abstract list(query: { principal: Principal; accountId: string }): Promise<Strategy[]>;
  /** Throws TRADING_STRATEGY_UNKNOWN. */
  abstract get(query: { principal: Principal; accountId: string; strategyId: string }): Promise<Strategy>;
  /** Only while stopped, else TRADING_STRATEGY_STATE. */
  abstract update(command: {
    principal: Principal;
    accountId: string;
    strategyId: string;
    parameters: ThresholdParameters;
  }): Promise<Strategy>;
  /** Throws TRADING_STRATEGY_STATE when another one of the account trades the instrument. */
  abstract start(command: { principal: Principal; accountId: string; strategyId: string }): Promise<Strategy>;
  /** Leaves its position and orders as they are. */
  abstract stop(command: { principal: Principal; accountId: string; strategyId: string }): Promise<Strategy>;
  /** Only while stopped, else TRADING_STRATEGY_STATE. */
  abstract remove(command: { principal: Principal; accountId: string; strategyId: string }): Promise<object>;
}
