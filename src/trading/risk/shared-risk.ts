import { Decimal } from '../../kernel/decimal.js';
import type { GlobalLimits } from '../contract/risk.js';
import type { SessionMarket } from '../marks/session-market.js';
import { type RiskLatch, unlatched } from './latch.js';
import { OrderRate } from './order-rate.js';
import { SharedLosses } from './shared-losses.js';
import { type ExposedAccount, type Exposure, SharedExposure } from './shared-exposure.js';

/** Asked of every account when all of them were halted, until each has done it. */
export interface StandDown {
  readonly cancelOrders: boolean;
  readonly flatten: boolean;
}

/** As it is stored. */
export interface SharedRiskRecord {
  /** Of limits, state and all: rises with every change. */
  readonly version: number;
  readonly limits: Required<GlobalLimits>;
  readonly limitsVersion: number;
  readonly latch: RiskLatch;
  readonly standDown: StandDown | null;
}

/** In numbers; amounts in US dollars, null is off. */
export interface SharedLimits {
  readonly maxOrderNotional: Decimal | null;
  readonly maxGrossExposure: Decimal | null;
  readonly maxNetExposure: Decimal | null;
  readonly maxOpenOrders: number | null;
  readonly maxOrdersPerSecond: number | null;
  readonly dailyLoss: Decimal | null;
  readonly maxDrawdown: Decimal | null;
}

export const globalLimitDefaults: Required<GlobalLimits> = {
  maxOrderNotional: null,
  maxGrossExposure: null,
  maxNetExposure: null,
  maxOpenOrders: null,
  maxOrdersPerSecond: null,
  dailyLoss: null,
  maxDrawdown: null,
  onBreach: 'halt',
};

export const sharedRiskAtFirst: SharedRiskRecord = {
  version: 0,
  limits: globalLimitDefaults,
  limitsVersion: 1,
  latch: unlatched,
  standDown: null,
};

/**
 * Limits and latch over all accounts of the live market. One for all partitions of the process: whoever judges an
 * order reads it, and it reads the accounts of every partition. A replay is a world of its own and knows none of it.
 */
export class SharedRisk {
  readonly rate = new OrderRate();
  readonly losses = new SharedLosses();
  private readonly exposed = new SharedExposure();
  private current = sharedRiskAtFirst;
  private numbers = readSharedLimits(globalLimitDefaults);

  /** `members`: every account there is; those in replays are left out. */
  constructor(private readonly members: () => Iterable<ExposedAccount>) {}

  get record(): SharedRiskRecord {
    return this.current;
  }

  get latch(): RiskLatch {
    return this.current.latch;
  }

  get limits(): SharedLimits {
    return this.numbers;
  }

  /** What is stored now holds from now on. */
  take(record: SharedRiskRecord): void {
    this.current = record;
    this.numbers = readSharedLimits(record.limits);
  }

  /** Every account of the same owner, the asked one included. */
  *siblings({ terms }: Pick<ExposedAccount, 'terms'>): Generator<ExposedAccount> {
    for (const account of this.members()) if (account.terms.owner === terms.owner) yield account;
  }

  openOrders(): number {
    this.exposed.look(this.members());
    return this.exposed.openOrders;
  }

  exposure(session: SessionMarket): Exposure {
    this.exposed.look(this.members());
    return this.exposed.value(session);
  }
}

/** `changes` over `limits`; what is left out stays, null turns a limit off. */
export function changedGlobalLimits(
  limits: Required<GlobalLimits>,
  changes: GlobalLimits,
): Required<GlobalLimits> {
  const amount = (to: string | null | undefined, from: string | null): string | null =>
    to === undefined ? from : to === null ? null : Decimal.of(to).toString();
  const {
    maxOpenOrders = limits.maxOpenOrders,
    maxOrdersPerSecond = limits.maxOrdersPerSecond,
    maxDrawdown = limits.maxDrawdown,
    onBreach = limits.onBreach,
    ...amounts
  } = changes;
  return {
    maxOrderNotional: amount(amounts.maxOrderNotional, limits.maxOrderNotional),
    maxGrossExposure: amount(amounts.maxGrossExposure, limits.maxGrossExposure),
    maxNetExposure: amount(amounts.maxNetExposure, limits.maxNetExposure),
    dailyLoss: amount(amounts.dailyLoss, limits.dailyLoss),
    maxOpenOrders,
    maxOrdersPerSecond,
    maxDrawdown,
    onBreach,
  };
}

function readSharedLimits(limits: Required<GlobalLimits>): SharedLimits {
  const amount = (text: string | null): Decimal | null => (text === null ? null : Decimal.of(text));
  return {
    maxOrderNotional: amount(limits.maxOrderNotional),
    maxGrossExposure: amount(limits.maxGrossExposure),
    maxNetExposure: amount(limits.maxNetExposure),
    maxOpenOrders: limits.maxOpenOrders,
    maxOrdersPerSecond: limits.maxOrdersPerSecond,
    dailyLoss: amount(limits.dailyLoss),
    maxDrawdown: limits.maxDrawdown === null ? null : Decimal.fromFloat(limits.maxDrawdown, 9),
  };
}
