import { decimal, float, integer, oneOf, text, time } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

/** Null is off. Amounts in the account's base currency. */
export class RiskLimits {
  @decimal({ nullable: true, optional: true, about: 'In base asset of the instrument. Default off.' })
  maxOrderQuantity?: string | null;
  @decimal({ nullable: true, optional: true, about: 'Default 50000.' })
  maxOrderNotional?: string | null;
  @decimal({
    nullable: true,
    optional: true,
    about: 'Largest |position| per instrument, as notional. Default 100000.',
  })
  maxPosition?: string | null;
  @decimal({ nullable: true, optional: true, about: 'Default 200000.' })
  maxGrossExposure?: string | null;
  @integer({ min: 1, max: 100_000, nullable: true, optional: true, about: 'Default 200.' })
  maxOpenOrders?: number | null;
  @integer({ min: 1, max: 1_000_000, nullable: true, optional: true, about: 'Default 100.' })
  maxOrdersPerSecond?: number | null;
  @integer({ min: 1, max: 1_000_000, nullable: true, optional: true, about: 'Default 100.' })
  maxAmendsPerSecond?: number | null;
  @float({
    min: 0.0001,
    max: 1,
    nullable: true,
    optional: true,
    about: 'Farthest an aggressive price may lie from the mark. Default 0.05.',
  })
  priceCollar?: number | null;
}

export class RiskState {
  @oneOf(['active', 'reducing', 'halted'])
  state: 'active' | 'reducing' | 'halted';
  @text({ max: 200, nullable: true })
  reason: string | null;
  @text({ nullable: true, about: 'Who set it.' })
  actor: string | null;
  @time({ nullable: true })
  since: string | null;
}

export class SetRiskState {
  @oneOf(['active', 'reducing', 'halted'])
  state: 'active' | 'reducing' | 'halted';
  @text({ min: 1, max: 200 })
  reason: string;
}

/** Limits and the latch of an account. A latch survives restarts; a person resets it. Another's account is TRADING_ACCOUNT_UNKNOWN. */
export abstract class Risk {
  static readonly port: PortDescription<Risk> = {
    name: 'trading.risk',
    methods: { limits: 'read', setLimits: 'keyed', state: 'read', setState: 'keyed' },
  };

  abstract limits(query: { principal: Principal; accountId: string }): Promise<RiskLimits>;
  /** Replaces what is given; what is left out stays. */
  abstract setLimits(command: {
    principal: Principal;
    accountId: string;
    limits: RiskLimits;
  }): Promise<RiskLimits>;
  abstract state(query: { principal: Principal; accountId: string }): Promise<RiskState>;
  abstract setState(command: {
    principal: Principal;
    accountId: string;
    state: SetRiskState;
  }): Promise<RiskState>;
}
