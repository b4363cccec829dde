import { Decimal } from '../../kernel/decimal.js';
import { problem } from '../../kernel/errors.js';

/** Ratio of notional below which equity must not fall, however little an account borrows. */
const maintenanceMost = Decimal.of('0.05');

export interface MarginTerms {
  /** Times equity. */
  readonly leverage: number;
  /** Ratio of notional; null: half of the initial margin, at most 0.05. */
  readonly maintenanceRatio: number | null;
}

/** What a margin account must have for what it holds and orders. Leverage 1: all of it. */
export class MarginRules {
  readonly leverage: Decimal;
  /** Ratio of notional. */
  readonly maintenanceRatio: Decimal;

  constructor({ leverage, maintenanceRatio }: MarginTerms) {
    this.leverage = Decimal.fromFloat(leverage, 9);
    this.maintenanceRatio =
      maintenanceRatio === null ? defaultMaintenance(this.leverage) : Decimal.fromFloat(maintenanceRatio, 9);
  }

  /** Must be there before so much is opened. */
  initial(notional: Decimal): Decimal {
    return notional.div(this.leverage, 18, 'up');
  }

  /** Must stay there while so much is held. */
  maintenance(notional: Decimal): Decimal {
    return notional.times(this.maintenanceRatio);
  }
}

function defaultMaintenance(leverage: Decimal): Decimal {
  return Decimal.one.div(leverage.plus(leverage), 18, 'up').min(maintenanceMost);
}

/** A cash account owes nothing, and who could be liquidated as he opens could open nothing. Throws REQUEST_INVALID. */
export function checkMargin({
  type,
  leverage = 1,
  maintenanceRatio = null,
}: Partial<MarginTerms> & { type: string }): void {
  const refuse = (field: string, detail: string): never => {
    throw problem('REQUEST_INVALID', { detail, errors: [{ pointer: `/${field}`, detail }] });
  };
  if (type !== 'margin') {
    if (leverage !== 1)
      refuse('leverage', `leverage is ${leverage} and a cash account has 1; open a margin account`);
    if (maintenanceRatio !== null) refuse('maintenanceRatio', 'only a margin account has one; leave it out');
  } else if (maintenanceRatio !== null && maintenanceRatio * leverage >= 1) {
    refuse(
      'maintenanceRatio',
      `maintenanceRatio is ${maintenanceRatio} and initial margin 1/${leverage}; send less than that, or less leverage`,
    );
  }
}
