import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { problem } from '../../kernel/errors.js';
import { liveSession } from '../../kernel/events.js';
import { Log } from '../../kernel/log.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import { hasRole, type Principal } from '../../kernel/principal.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import {
  type GlobalLimits,
  GlobalRisk,
  type RiskChange,
  type RiskState,
  type SetRiskState,
  type VersionedGlobalLimits,
} from '../contract/risk.js';
import { unavailable } from '../desk/desk-problems.js';
import { Desk } from '../desk/desk.service.js';
import { checkVersion } from '../desk/risk-acts.js';
import { RiskChangesRepository } from './risk-changes.repository.js';
import type { TradingState } from './latch.js';
import { checkState } from './risk.service.js';
import { changedGlobalLimits, type SharedRiskRecord, type StandDown } from './shared-risk.js';
import { globalScope } from './shared-risk.repository.js';

/** Limits and latch over all accounts. One change at a time; each is stored before it is answered. */
@Injectable()
export class GlobalRiskService extends GlobalRisk implements OnApplicationBootstrap {
  private last: Promise<unknown> = Promise.resolve();
  /** Halts that hold already and wait for their turn to be stored. */
  private halting = 0;
  private readonly log: Log;

  constructor(
    private readonly desk: Desk,
    private readonly trail: RiskChangesRepository,
    private readonly clock: Clock,
    log: Log,
  ) {
    super();
    this.log = log.of('trading.risk');
  }

  /** A halt that was cut short by the end of the process is carried through. */
  async onApplicationBootstrap(): Promise<void> {
    const { standDown } = this.desk.shared.record;
    if (standDown !== null) await this.inTurn(() => this.standDown(standDown));
  }

  async limits({ principal }: { principal: Principal }): Promise<VersionedGlobalLimits> {
    authorise(principal);
    const { limitsVersion: version, limits } = this.desk.shared.record;
    return { version, limits };
  }

  async setLimits(command: {
    principal: Principal;
    version?: number | null;
    limits: GlobalLimits;
  }): Promise<VersionedGlobalLimits> {
    const { principal, version = null, limits } = command;
    authorise(principal);
    return this.inTurn(async () => {
      const before = await this.desk.sharedRows.load();
      checkVersion('the limits', version, before.limitsVersion);
      const after = {
        ...before,
        version: before.version + 1,
        limits: changedGlobalLimits(before.limits, limits),
        limitsVersion: before.limitsVersion + 1,
      };
      await this.store(after, {
        kind: 'limits',
        actor: principal.username,
        before: before.limits,
        after: after.limits,
      });
      return { version: after.limitsVersion, limits: after.limits };
    });
  }

  async state({ principal }: { principal: Principal }): Promise<RiskState> {
    authorise(principal);
    return this.view(this.desk.shared.record);
  }

  async setState({
    principal,
    state: wanted,
  }: {
    principal: Principal;
    state: SetRiskState;
  }): Promise<RiskState> {
    authorise(principal);
    checkState(wanted);
    const { state, reason, cancelOrders = false, flatten = false } = wanted;
    const standDown = cancelOrders || flatten ? { cancelOrders, flatten } : null;
    // Even while another change waits for its database, and even if ours never gets there: what stops orders stops them.
    const halts = this.tighten({ state, reason, actor: principal.username });
    return this.inTurn(async () => {
      this.halting -= halts;
      const before = await this.desk.sharedRows.load();
      const sinceMs = this.clock.nowMs();
      const latch = { state, reason, actor: principal.username, sinceMs };
      const after = { ...before, version: before.version + 1, latch, standDown };
      await this.store(after, {
        kind: 'state',
        actor: principal.username,
        before: this.view(before),
        after: this.view(after),
      });
      if (standDown !== null) await this.standDown(standDown);
      return this.view(after);
    });
  }

  async changes({ principal, ...page }: { principal: Principal } & PageQuery): Promise<Page<RiskChange>> {
    authorise(principal);
    return this.trail.list(globalScope, page);
  }

  /** Answers how many halts now hold before they are stored: this one, or none where it would loosen. */
  private tighten(latch: { state: TradingState; reason: string; actor: string }): 0 | 1 {
    const { shared } = this.desk;
    if (strictness.indexOf(latch.state) <= strictness.indexOf(shared.latch.state)) return 0;
    shared.take({ ...shared.record, latch: { ...latch, sinceMs: this.clock.nowMs() } });
    this.halting += 1;
    return 1;
  }

  private async store(
    after: SharedRiskRecord,
    trail: { kind: 'limits' | 'state'; actor: string; before: object; after: object },
  ): Promise<void> {
    const { shared, sharedRows } = this.desk;
    try {
      if (!(await sharedRows.change(after, { ...trail, timeMs: this.clock.nowMs() }))) {
        throw new Error(`version ${after.version} of the global risk settings was there before`);
      }
    } catch (error) {
      this.log.error({ error, kind: trail.kind }, 'global risk settings were not surely stored');
      throw unavailable('could not store the global risk settings');
    }
    // A halt that came meanwhile is next, and must not be lifted until then.
    shared.take(this.halting > 0 ? { ...after, latch: shared.latch } : after);
  }

  /** Every account at once; each is one command that overtakes all orders. */
  private async standDown(standDown: StandDown): Promise<void> {
    const { shared, sharedRows } = this.desk;
    const { version } = shared.record;
    const ids = this.desk.accountIds({ session: liveSession });
    await Promise.all(
      ids.map((accountId) => this.desk.submit({ kind: 'stand-down', accountId, ...standDown })),
    );
    await sharedRows.standDownDone(version);
    if (shared.record.version === version) shared.take({ ...shared.record, standDown: null });
  }

  private view({ latch }: SharedRiskRecord): RiskState {
    const { state, reason, actor, sinceMs } = latch;
    return {
      state,
      reason,
      actor,
      since: sinceMs === null ? null : toRfc3339(sinceMs),
      flattening: this.desk.isFlattening(),
    };
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.last.then(act);
    this.last = done.catch(() => undefined);
    return done;
  }
}

const strictness: readonly TradingState[] = ['active', 'reducing', 'halted'];

/** Throws REQUEST_FORBIDDEN. */
function authorise(principal: Principal): void {
  if (hasRole(principal, 'operator')) return;
  throw problem('REQUEST_FORBIDDEN', {
    detail: `what holds for all accounts is an operator's to see and set; you are ${principal.role}`,
  });
}
