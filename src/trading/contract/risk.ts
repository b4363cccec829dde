import {
  anything,
  decimal,
  flag,
  float,
  instrumentId,
  integer,
  object,
  oneOf,
  text,
  time,
} from '../../kernel/fields.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

const years = 31_536_000;

/** So many stops at a loss within a time lock every instrument. */
export class StopLossGuard {
  @integer({ min: 1, max: 200, example: 3 })
  stops: number;
  @integer({ min: 1, max: years, example: 3_600 })
  withinSeconds: number;
  @integer({ min: 1, max: years, example: 1_800 })
  lockSeconds: number;
}

/** An instrument that earned too little in so many exits within a time is locked. */
export class LowProfit {
  @integer({ min: 1, max: 200, example: 4 })
  trades: number;
  @integer({ min: 1, max: years, example: 86_400 })
  withinSeconds: number;
  @decimal({ sign: 'any', about: 'Before fees, base currency.', example: '0' })
  minimumProfit: string;
  @integer({ min: 1, max: years, example: 7_200 })
  lockSeconds: number;
}

/** When Σ realised profit within a time fell so far from its highest, every instrument is locked. */
export class DrawdownGuard {
  @float({ min: 0.0001, max: 1, about: 'Of equity.', example: 0.05 })
  ratio: number;
  @integer({ min: 1, max: years, example: 86_400 })
  withinSeconds: number;
  @integer({ min: 1, max: years, example: 7_200 })
  lockSeconds: number;
}

/** Lock entries for a time, by the account's clock; exits always pass. What is left out is off. */
export class RiskProtections {
  @integer({ min: 1, max: years, nullable: true, optional: true, about: 'After a position is left.' })
  cooldownSeconds?: number | null;
  @object(() => StopLossGuard, { nullable: true, optional: true })
  stopLossGuard?: StopLossGuard | null;
  @object(() => LowProfit, { nullable: true, optional: true })
  lowProfit?: LowProfit | null;
  @object(() => DrawdownGuard, { nullable: true, optional: true })
  maxDrawdown?: DrawdownGuard | null;
}

export class RiskLock {
  @text()
  id: string;
  @oneOf(['cooldown', 'stop_loss_guard', 'low_profit', 'max_drawdown'])
  kind: 'cooldown' | 'stop_loss_guard' | 'low_profit' | 'max_drawdown';
  @instrumentId({ nullable: true, about: 'Null: all of them.' })
  instrument: string | null;
  @time()
  since: string;
  @time()
  until: string;
  @text()
  reason: string;
}

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
  @decimal({
    nullable: true,
    optional: true,
    about: '|Σ position × mark| with the open orders of one side filled. Default off.',
  })
  maxNetExposure?: string | null;
  @float({
    min: 0.001,
    max: 1_000,
    nullable: true,
    optional: true,
    about: 'Largest |position| of one instrument, as a ratio of equity. Default off.',
  })
  maxConcentration?: number | null;
  @float({
    min: 0.01,
    max: 1_000,
    nullable: true,
    optional: true,
    about: 'Gross exposure as a multiple of equity. Default off.',
  })
  maxLeverage?: number | null;
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
  @integer({
    min: 1,
    max: 60_000,
    nullable: true,
    optional: true,
    about:
      'Milliseconds in which an order with the same side, size and price is refused, where neither has a clientOrderId. Default off.',
  })
  duplicateWindowMs?: number | null;
  @oneOf(['account', 'owner'], {
    nullable: true,
    optional: true,
    about:
      'Orders that would meet one resting on the other side are refused: of this account (default), of all accounts of its owner, or null: none.',
  })
  selfTrade?: 'account' | 'owner' | null;
  @decimal({
    nullable: true,
    optional: true,
    about: 'Most equity that may be lost since 00:00 UTC, transfers apart; then `onBreach`. Default off.',
  })
  dailyLoss?: string | null;
  @float({
    min: 0.0001,
    max: 1,
    nullable: true,
    optional: true,
    about:
      'Farthest equity may fall from its peak since the limit was set, transfers apart; then `onBreach`. Default off.',
  })
  maxDrawdown?: number | null;
  @oneOf(['reduce', 'halt', 'cancel', 'flatten'], {
    optional: true,
    about:
      'What reaching dailyLoss or maxDrawdown does: only reducing orders; no orders (default); no orders and all open ones cancelled; and all positions closed.',
  })
  onBreach?: 'reduce' | 'halt' | 'cancel' | 'flatten';
  @object(() => RiskProtections, {
    nullable: true,
    optional: true,
    about: 'Replaced as a whole. Default off.',
  })
  protections?: RiskProtections | null;
}

/** Limits over all accounts of the live market together. Null is off, and all are off at first. Amounts in US dollars. */
export class GlobalLimits {
  @decimal({ nullable: true, optional: true, about: 'Of any one order.' })
  maxOrderNotional?: string | null;
  @decimal({ nullable: true, optional: true, about: 'Σ |position| × mark and open orders, of all accounts.' })
  maxGrossExposure?: string | null;
  @decimal({
    nullable: true,
    optional: true,
    about: '|Σ position × mark| of all accounts, the open orders on one side filled.',
  })
  maxNetExposure?: string | null;
  @integer({ min: 1, max: 10_000_000, nullable: true, optional: true, about: 'Of all accounts.' })
  maxOpenOrders?: number | null;
  @integer({ min: 1, max: 1_000_000, nullable: true, optional: true, about: 'Of all accounts.' })
  maxOrdersPerSecond?: number | null;
  @decimal({
    nullable: true,
    optional: true,
    about: 'Most equity of all accounts that may be lost since 00:00 UTC, transfers apart; then `onBreach`.',
  })
  dailyLoss?: string | null;
  @float({
    min: 0.0001,
    max: 1,
    nullable: true,
    optional: true,
    about:
      'Farthest the equity of all accounts may fall from its peak since the limit was set, transfers apart; then `onBreach`.',
  })
  maxDrawdown?: number | null;
  @oneOf(['reduce', 'halt', 'cancel', 'flatten'], {
    optional: true,
    about: 'What reaching dailyLoss or maxDrawdown does to all accounts, as for one. Default halt.',
  })
  onBreach?: 'reduce' | 'halt' | 'cancel' | 'flatten';
}

export const tradingStates = ['active', 'reducing', 'halted'] as const;

export class RiskState {
  @oneOf(tradingStates)
  state: 'active' | 'reducing' | 'halted';
  @text({ max: 200, nullable: true })
  reason: string | null;
  @text({ nullable: true, about: 'Who set it.' })
  actor: string | null;
  @time({ nullable: true })
  since: string | null;
  @flag({ about: 'Positions are being closed and some are not closed yet.' })
  flattening: boolean;
}

export class SetRiskState {
  @oneOf(tradingStates, {
    about:
      '`reducing`: only orders that shrink what is held; `halted`: no orders at all. Cancels always pass.',
  })
  state: 'active' | 'reducing' | 'halted';
  @text({ min: 1, max: 200 })
  reason: string;
  @flag({
    optional: true,
    about: 'Cancel every open order, protective ones too. Without it they stay at work and may fill.',
  })
  cancelOrders?: boolean;
  @flag({
    optional: true,
    about:
      'Close every position at the market; orders that could open again are cancelled first. With `reducing` or `halted`.',
  })
  flatten?: boolean;
}

export class DeadManSwitch {
  @integer({ min: 0, max: 86_400, about: 'Seconds until it lapses; 0 is off.', example: 60 })
  timeoutSeconds: number;
  @time({ nullable: true, about: 'When it lapses unless it is set again; null when off.' })
  lapsesAt: string | null;
}

export class SetDeadManSwitch {
  @integer({ min: 0, max: 86_400, about: '0 disarms.', example: 60 })
  timeoutSeconds: number;
}

/** Who changed limits or a state, when, and what it was. */
export class RiskChange {
  @integer({ about: "Number of its entry in the account's event log; of a global change, its version." })
  seq: number;
  @oneOf(['limits', 'state'])
  kind: 'limits' | 'state';
  @time()
  time: string;
  @text({ about: 'User name.' })
  actor: string;
  @anything({ about: 'The limits or the state before.' })
  before: object;
  @anything({ about: 'The limits or the state since.' })
  after: object;
}

/** `version` rises with every change; whoever changes says which one he has read. */
export class VersionedRiskLimits {
  @integer({ min: 1 })
  version: number;
  @object(() => RiskLimits)
  limits: RiskLimits;
}

export class VersionedGlobalLimits {
  @integer({ min: 1 })
  version: number;
  @object(() => GlobalLimits)
  limits: GlobalLimits;
}

interface OfAccount {
  principal: Principal;
  accountId: string;
}

/**
 * Limits, the latch and the dead man's switch of an account. A latch survives restarts; a person resets it. Every
 * change is kept with who made it. Another's account is TRADING_ACCOUNT_UNKNOWN.
 */
export abstract class Risk {
  static readonly port: PortDescription<Risk> = {
    name: 'trading.risk',
    methods: {
      limits: 'read',
      setLimits: 'act',
      state: 'read',
      setState: 'keyed',
      changes: 'read',
      locks: 'read',
      unlock: 'keyed',
      deadManSwitch: 'read',
      setDeadManSwitch: 'keyed',
    },
  };

  abstract limits(query: OfAccount): Promise<VersionedRiskLimits>;
  /**
   * Replaces what is given; what is left out stays. `version`: the one that was read, null or none for any; when there is
   * another by now, throws REQUEST_PRECONDITION_FAILED.
   */
  abstract setLimits(
    command: OfAccount & { version?: number | null; limits: RiskLimits },
  ): Promise<VersionedRiskLimits>;
  abstract state(query: OfAccount): Promise<RiskState>;
  /** Latched, and orders cancelled, when it answers. Throws REQUEST_INVALID for `flatten` with state `active`. */
  abstract setState(command: OfAccount & { state: SetRiskState }): Promise<RiskState>;
  /** Newest first. Throws REQUEST_INVALID for a cursor it did not give out. */
  abstract changes(query: OfAccount & PageQuery): Promise<Page<RiskChange>>;
  /** What the account's protections keep from being opened now, the first to end first. */
  abstract locks(query: OfAccount): Promise<RiskLock[]>;
  /** Throws TRADING_LOCK_UNKNOWN for one that does not hold. */
  abstract unlock(command: OfAccount & { lockId: string }): Promise<RiskLock>;
  abstract deadManSwitch(query: OfAccount): Promise<DeadManSwitch>;
  /** Arms, re-arms, or with 0 disarms. On lapse every open order of the account is cancelled and the switch is off. */
  abstract setDeadManSwitch(command: OfAccount & { timeoutSeconds: number }): Promise<DeadManSwitch>;
}

/** Limits and the latch over all accounts of the live market. Operators only, others get REQUEST_FORBIDDEN. */
export abstract class GlobalRisk {
  static readonly port: PortDescription<GlobalRisk> = {
    name: 'trading.global-risk',
    methods: { limits: 'read', setLimits: 'act', state: 'read', setState: 'keyed', changes: 'read' },
  };

  abstract limits(query: { principal: Principal }): Promise<VersionedGlobalLimits>;
  /** As for one account. Throws REQUEST_PRECONDITION_FAILED. */
  abstract setLimits(command: {
    principal: Principal;
    version?: number | null;
    limits: GlobalLimits;
  }): Promise<VersionedGlobalLimits>;
  abstract state(query: { principal: Principal }): Promise<RiskState>;
  /**
   * Holds for every account at once, whatever its own state says. Cancelling and closing is done account by account
   * when it answers; a restart goes on with it. Throws REQUEST_INVALID for `flatten` with state `active`.
   */
  abstract setState(command: { principal: Principal; state: SetRiskState }): Promise<RiskState>;
  /** Newest first. Throws REQUEST_INVALID for a cursor it did not give out. */
  abstract changes(query: { principal: Principal } & PageQuery): Promise<Page<RiskChange>>;
}
