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
import { watchEveryMs } from '../desk/risk-watch.js';
import { TradingMetrics } from '../trading.metrics.js';
import { RiskChangesRepository } from './risk-changes.repository.js';
import type { TradingState } from './latch.js';
import { checkState } from './risk.service.js';
import { changedGlobalLimits, type SharedRiskRecord, type StandDown } from './shared-risk.js';
import { globalScope } from './shared-risk.repository.js';

/** What was measured is stored at least this often; a crash forgets no more. */
const storeEveryMs = 60_000;

/** Limits and latch over all accounts. One change at a time; each is stored before it is answered. */
@Injectable()
export class GlobalRiskService extends GlobalRisk implements OnApplicationBootstrap {
  private last: Promise<unknown> = Promise.resolve();
  /** Halts that hold already and wait for their turn to be stored. */
  private halting = 0;
  private watchedAtMs = Number.NEGATIVE_INFINITY;
  private storedAtMs = Number.NEGATIVE_INFINITY;
  private readonly log: Log;

  constructor(
    private readonly desk: Desk,
    private readonly trail: RiskChangesRepository,
    private readonly clock: Clock,
    private readonly metrics: TradingMetrics,
    log: Log,
  ) {
    super();
    this.log = log.of('trading.risk');
  }

  /** A halt that was cut short by the end of the process is carried through. */
  async onApplicationBootstrap(): Promise<void> {
    this.desk.shared.losses.restore(await this.desk.sharedRows.losses());
    this.desk.liveMarketMoved = () => this.watchLosses();
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
      this.lossLimitsChanged(before.limits, after.limits);
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
    return this.latch(wanted, principal.username);
  }

  private latch(wanted: SetRiskState, actor: string): Promise<RiskState> {
    const { state, reason, cancelOrders = false, flatten = false } = wanted;
    const standDown = cancelOrders || flatten ? { cancelOrders, flatten } : null;
    // Even while another change waits for its database, and even if ours never gets there: what stops orders stops them.
    const halts = this.tighten({ state, reason, actor });
    return this.inTurn(async () => {
      this.halting -= halts;
      const before = await this.desk.sharedRows.load();
      const sinceMs = this.clock.nowMs();
      const latch = { state, reason, actor, sinceMs };
      const after = { ...before, version: before.version + 1, latch, standDown };
      await this.store(after, {
        kind: 'state',
        actor,
        before: this.view(before),
        after: this.view(after),
      });
      // Whoever lets all trade again has seen what was lost; the limits count from here.
      if (state === 'active') await this.forgetLosses();
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

  /** Once a second as the live market moves, so that the cost does not grow with the ticks. */
  private watchLosses(): void {
    const { losses, limits, record } = this.desk.shared;
    const nowMs = this.clock.nowMs();
    if (limits.dailyLoss === null && limits.maxDrawdown === null) return;
    if (Math.abs(nowMs - this.watchedAtMs) < watchEveryMs) return;
    this.watchedAtMs = nowMs;
    const { equity, news, begins } = losses.look(this.desk.liveEquities(), limits, nowMs);
    if (begins || news.length > 0 || Math.abs(nowMs - this.storedAtMs) >= storeEveryMs) {
      this.storedAtMs = nowMs;
      void this.storeLosses();
    }
    for (const { kind, limit, facts } of news) {
      this.log.warn(
        { limit, ...facts, equity: equity.toString() },
        `all accounts together: ${limit} ${kind}`,
      );
      this.metrics.riskNewsOfAll(kind, limit);
      if (kind === 'breach')
        this.breached(`${limit} of all accounts reached: ${facts.lost} of ${facts.bound}`, record.limits);
    }
  }

  /** Latched before it is stored, and never looser than it was. */
  private breached(reason: string, { onBreach }: Required<GlobalLimits>): void {
    const wanted = onBreach === 'reduce' ? 'reducing' : 'halted';
    const { state: now } = this.desk.shared.latch;
    const state = strictness.indexOf(now) > strictness.indexOf(wanted) ? now : wanted;
    const [cancelOrders, flatten] = [onBreach === 'cancel' || onBreach === 'flatten', onBreach === 'flatten'];
    this.latch({ state, reason: reason.slice(0, 200), cancelOrders, flatten }, 'risk').catch(
      (error: unknown) => {
        this.log.error(
          { error },
          'a limit on the losses of all accounts was reached and its latch not surely stored',
        );
      },
    );
  }

  private lossLimitsChanged(before: Required<GlobalLimits>, after: Required<GlobalLimits>): void {
    const { losses } = this.desk.shared;
    if (after.dailyLoss === null && after.maxDrawdown === null) {
      void this.forgetLosses();
      return;
    }
    for (const limit of ['dailyLoss', 'maxDrawdown'] as const) {
      if (before[limit] !== after[limit]) losses.moved(limit);
    }
  }

  private forgetLosses(): Promise<void> {
    this.desk.shared.losses.forget();
    return this.storeLosses();
  }

  private async storeLosses(): Promise<void> {
    try {
      await this.desk.sharedRows.storeLosses(this.desk.shared.losses.record);
    } catch (error) {
      this.log.error({ error }, 'what all accounts have lost was not surely stored; it is again in a minute');
    }
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
