import { Injectable } from '@nestjs/common';
import type { Principal } from '../../kernel/principal.js';
import { riskStateView } from '../accounts/account-view.js';
import { Risk, type RiskLimits, type RiskState, type SetRiskState } from '../contract/risk.js';
import { Desk } from '../desk/desk.service.js';
import { accountOf } from '../desk/desk-state.js';

/** Limits and trading state of accounts, changed through the desk like everything else. */
@Injectable()
export class RiskService extends Risk {
  constructor(private readonly desk: Desk) {
    super();
  }

  async limits({ principal, accountId }: { principal: Principal; accountId: string }): Promise<RiskLimits> {
    this.desk.authorise(principal, accountId);
    return this.desk.read(accountId, (desk) => accountOf(desk, accountId).limitView);
  }

  async setLimits(command: {
    principal: Principal;
    accountId: string;
    limits: RiskLimits;
  }): Promise<RiskLimits> {
    const { principal, accountId, limits } = command;
    this.desk.authorise(principal, accountId);
    return this.desk.submit({ kind: 'set-limits', accountId, changes: limits });
  }

  async state({ principal, accountId }: { principal: Principal; accountId: string }): Promise<RiskState> {
    this.desk.authorise(principal, accountId);
    return this.desk.read(accountId, (desk) => riskStateView(accountOf(desk, accountId).latch));
  }

  async setState(command: {
    principal: Principal;
    accountId: string;
    state: SetRiskState;
  }): Promise<RiskState> {
    const { principal, accountId, state } = command;
    this.desk.authorise(principal, accountId);
    return this.desk.submit({
      kind: 'set-state',
      accountId,
      state: state.state,
      reason: state.reason,
      actor: principal.username,
    });
  }
}
