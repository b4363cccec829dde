import { Injectable } from '@nestjs/common';
import { problem } from '../../kernel/errors.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import { riskStateView } from '../accounts/account-view.js';
import {
  type DeadManSwitch,
  Risk,
  type RiskChange,
  type RiskLimits,
  type RiskLock,
  type RiskState,
  type SetRiskState,
  type VersionedRiskLimits,
} from '../contract/risk.js';
import { deadManView } from '../desk/dead-man.js';
import { Desk } from '../desk/desk.service.js';
import { locksOf, lockView } from '../desk/protect.js';
import { accountOf } from '../desk/desk-state.js';
import { RiskChangesRepository } from './risk-changes.repository.js';

interface OfAccount {
  principal: Principal;
  accountId: string;
}

/** Limits, trading state and dead man's switch of accounts, changed through the desk like everything else. */
@Injectable()
export class RiskService extends Risk {
  constructor(
    private readonly desk: Desk,
    private readonly trail: RiskChangesRepository,
  ) {
    super();
  }

  async limits({ principal, accountId }: OfAccount): Promise<VersionedRiskLimits> {
    this.desk.authorise(principal, accountId, 'read');
    return this.desk.read(accountId, (desk) => {
      const { limitsVersion: version, limitView: limits } = accountOf(desk, accountId);
      return { version, limits };
    });
  }

  async setLimits(
    command: OfAccount & { version?: number | null; limits: RiskLimits },
  ): Promise<VersionedRiskLimits> {
    const { principal, accountId, version = null, limits } = command;
    this.desk.authorise(principal, accountId, 'own');
    const actor = principal.username;
    return this.desk.submit({ kind: 'set-limits', accountId, changes: limits, version, actor });
  }

  async state({ principal, accountId }: OfAccount): Promise<RiskState> {
    this.desk.authorise(principal, accountId, 'read');
    return this.desk.read(accountId, (desk) => riskStateView(accountOf(desk, accountId)));
  }

  async setState(command: OfAccount & { state: SetRiskState }): Promise<RiskState> {
    const { principal, accountId } = command;
    // Whoever trades may stop; only the owner lets it go on.
    this.desk.authorise(principal, accountId, command.state.state === 'halted' ? 'trade' : 'own');
    checkState(command.state);
    const { state, reason, cancelOrders, flatten } = command.state;
    const actor = principal.username;
    return this.desk.submit({ kind: 'set-state', accountId, state, reason, actor, cancelOrders, flatten });
  }

  async changes({ principal, accountId, ...page }: OfAccount & PageQuery): Promise<Page<RiskChange>> {
    this.desk.authorise(principal, accountId, 'read');
    return this.trail.list(accountId, page);
  }

  async locks({ principal, accountId }: OfAccount): Promise<RiskLock[]> {
    this.desk.authorise(principal, accountId, 'read');
    return this.desk.read(accountId, (desk) => locksOf(accountOf(desk, accountId)).map(lockView));
  }

  async unlock({ principal, accountId, lockId }: OfAccount & { lockId: string }): Promise<RiskLock> {
    this.desk.authorise(principal, accountId, 'own');
    return this.desk.submit({ kind: 'unlock', accountId, lockId });
  }

  async deadManSwitch({ principal, accountId }: OfAccount): Promise<DeadManSwitch> {
    this.desk.authorise(principal, accountId, 'read');
    return this.desk.read(accountId, (desk) => deadManView(accountOf(desk, accountId)));
  }

  async setDeadManSwitch(command: OfAccount & { timeoutSeconds: number }): Promise<DeadManSwitch> {
    const { principal, accountId, timeoutSeconds } = command;
    this.desk.authorise(principal, accountId, 'trade');
    return this.desk.submit({ kind: 'set-dead-man', accountId, timeoutMs: timeoutSeconds * 1000 });
  }
}

/** Throws REQUEST_INVALID: whoever may trade on would open again what was just closed. */
export function checkState({ state, flatten = false }: SetRiskState): void {
  if (!flatten || state !== 'active') return;
  const detail = 'flatten goes with reducing or halted; to close positions and trade on, DELETE …/positions';
  throw problem('REQUEST_INVALID', { detail, errors: [{ pointer: '/flatten', detail }] });
}
