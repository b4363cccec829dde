import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Instruments } from '../../data/contract/instruments.js';
import { Decimal } from '../../kernel/decimal.js';
import { Ids } from '../../kernel/ids.js';
import type { Principal } from '../../kernel/principal.js';
import { Clock, type Timeframe } from '../../kernel/time.js';
import { IdempotencyRepository } from '../accounts/idempotency.repository.js';
import { tradingProblem } from '../contract/errors.js';
import {
  type CreateStrategy,
  Strategies,
  type Strategy,
  type ThresholdParameters,
} from '../contract/strategies.js';
import type { AnswerKey } from '../desk/account-acts.js';
import { Desk } from '../desk/desk.service.js';
import { StrategyRunner } from './strategy-runner.service.js';
import type { StrategyEntity } from './strategy.entity.js';
import { StrategyRepository, strategyView } from './strategy.repository.js';

interface Asked {
  principal: Principal;
  accountId: string;
}
interface AskedOne extends Asked {
  strategyId: string;
}

/** Strategies over REST: whose they are, and which state allows what. */
@Injectable()
export class StrategiesService extends Strategies {
  /** The newest act on a strategy; gone when it ends, so bounded by the requests at work. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly desk: Desk,
    private readonly stored: StrategyRepository,
    private readonly runner: StrategyRunner,
    private readonly instruments: Instruments,
    private readonly keys: IdempotencyRepository,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** Throws DATA_UNKNOWN_INSTRUMENT. */
  async create(command: Asked & { strategy: CreateStrategy; idempotencyKey?: string }): Promise<Strategy> {
    const { principal, accountId, strategy, idempotencyKey } = command;
    this.desk.authorise(principal, accountId, 'trade');
    this.desk.requireInUse(accountId);
    const key = keyOf(accountId, idempotencyKey, strategy);
    return this.keys.once(key, async () => {
      await this.instruments.get({ id: strategy.instrument });
      const row: StrategyEntity = {
        id: this.ids.next(),
        accountId,
        name: strategy.name,
        kind: strategy.kind,
        instrument: strategy.instrument,
        timeframe: strategy.timeframe as Timeframe,
        model: strategy.model ?? null,
        parameters: { ...strategy.parameters },
        state: 'stopped',
        memory: null,
        createdAtMs: this.clock.nowMs(),
      };
      return this.stored.insert(row, key);
    });
  }

  async list({ principal, accountId }: Asked): Promise<Strategy[]> {
    this.desk.authorise(principal, accountId, 'read');
    const [rows, earned] = await Promise.all([
      this.stored.list(accountId),
      this.stored.realisedPnl(accountId),
    ]);
    return rows.map((row) => strategyView(row, earned.get(row.id) ?? Decimal.zero));
  }

  async get(query: AskedOne): Promise<Strategy> {
    return this.view(await this.own(query, 'read'));
  }

  /** What is given replaces what was; what is left out stays. */
  update(command: AskedOne & { parameters: ThresholdParameters }): Promise<Strategy> {
    return this.inTurn(command, async (row) => {
      const parameters = { ...row.parameters, ...command.parameters };
      if (!(await this.stored.changeParameters(row.id, parameters))) throw notStopped(row, 'changed');
      return this.view({ ...row, parameters });
    });
  }

  /** Starting a started one answers it as it is. Throws TRADING_STRATEGY_STATE when the instrument is taken. */
  start(command: AskedOne): Promise<Strategy> {
    return this.inTurn(command, async (row) => {
      if (row.state === 'started') return this.view(row);
      this.desk.requireInUse(row.accountId);
      if ((await this.stored.start(row.id)) === 'taken') throw await this.taken(row);
      const started: StrategyEntity = { ...row, state: 'started' };
      this.runner.start(started);
      return this.view(started);
    });
  }

  stop(command: AskedOne): Promise<Strategy> {
    return this.inTurn(command, async (row) => {
      await this.runner.stop(row.id);
      await this.stored.stop(row.id);
      return this.view({ ...row, state: 'stopped' });
    });
  }

  remove(command: AskedOne): Promise<object> {
    return this.inTurn(command, async (row) => {
      if (!(await this.stored.remove(row.id))) throw notStopped(row, 'removed');
      await this.runner.stop(row.id);
      return {};
    });
  }

  /**
   * Acts on one strategy go one after the other, each on the row as the one before left it: a stop that overtook a
   * start between its two halves would leave a strategy that is stopped on paper and trades.
   */
  private inTurn<T>(command: AskedOne, act: (row: StrategyEntity) => Promise<T>): Promise<T> {
    const { strategyId } = command;
    const before = this.turns.get(strategyId) ?? Promise.resolve();
    const own = async (): Promise<T> => act(await this.own(command, 'trade'));
    const mine = before.then(own, own);
    this.turns.set(strategyId, mine);
    const forget = (): void => {
      if (this.turns.get(strategyId) === mine) this.turns.delete(strategyId);
    };
    // A refusal is the caller's alone to hear.
    void mine.then(forget, forget);
    return mine;
  }

  private async own(asked: AskedOne, needed: 'read' | 'trade'): Promise<StrategyEntity> {
    const { principal, accountId, strategyId } = asked;
    this.desk.authorise(principal, accountId, needed);
    return this.stored.require(accountId, strategyId);
  }

  private async view(row: StrategyEntity): Promise<Strategy> {
    const earned = await this.stored.realisedPnl(row.accountId);
    return strategyView(row, earned.get(row.id) ?? Decimal.zero);
  }

  private async taken(row: StrategyEntity): Promise<Error> {
    const others = await this.stored.list(row.accountId);
    const other = others.find(
      ({ instrument, state }) => instrument === row.instrument && state === 'started',
    );
    return tradingProblem('TRADING_STRATEGY_STATE', {
      detail:
        `strategy ${other?.name ?? ''} (${other?.id ?? 'stopped just now'}) of this account trades ${row.instrument} already; ` +
        'one strategy per account and instrument may run: stop that one first, or use another account',
      facts: { instrument: row.instrument, startedStrategyId: other?.id ?? null },
    });
  }
}

function notStopped(row: StrategyEntity, what: string): Error {
  return tradingProblem('TRADING_STRATEGY_STATE', {
    detail: `strategy ${row.name} is started; it can be ${what} only while stopped: stop it first`,
    facts: { state: 'started' },
  });
}

function keyOf(accountId: string, key: string | undefined, strategy: CreateStrategy): AnswerKey | null {
  if (key === undefined) return null;
  const { name, kind, instrument, timeframe, model = null, parameters = {} } = strategy;
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const content = JSON.stringify([name, kind, instrument, timeframe, model, given]);
  const contentHash = createHash('sha256').update(content).digest('base64url');
  return { scope: `create-strategy:${accountId}`, key, contentHash };
}
