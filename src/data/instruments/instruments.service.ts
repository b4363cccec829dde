import { Injectable, type OnModuleInit } from '@nestjs/common';
import { problem } from '../../kernel/errors.js';
import { Metrics } from '../../kernel/metrics.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { Principal } from '../../kernel/principal.js';
import { faultsOf } from '../../kernel/validator.js';
import { dataProblem } from '../contract/errors.js';
import { Instrument, InstrumentRules, Instruments } from '../contract/instruments.js';
import { dataMetrics } from '../data.metrics.js';
import { InstrumentRepository } from './instrument.repository.js';

/** A venue lists a few thousand; past this somebody is making them up. */
export const instrumentsMax = 20_000;

/** All instruments, held in memory: they are few, asked for on every order, and only changed here. */
@Injectable()
export class InstrumentsService extends Instruments implements OnModuleInit {
  private known = new Map<string, Instrument>();
  /** Statuses an operator gave; they hold whatever a venue lists. */
  private readonly operatorStatuses = new Map<string, string>();
  private loading: Promise<void> | null = null;

  constructor(
    private readonly repository: InstrumentRepository,
    metrics: Metrics,
  ) {
    super();
    dataMetrics(metrics).instruments(() => this.known.size);
  }

  async onModuleInit(): Promise<void> {
    await this.ready();
  }

  /** Resolves when the instruments are in memory; for whoever starts beside this. */
  ready(): Promise<void> {
    this.loading ??= this.repository.all(instrumentsMax).then((all) => {
      this.known = new Map(all.map(({ instrument }) => [instrument.id, instrument]));
      for (const { instrument, operatorStatus } of all) this.decide(instrument.id, operatorStatus);
    });
    return this.loading;
  }

  get size(): number {
    return this.known.size;
  }

  async list(): Promise<Instrument[]> {
    return [...this.known.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async get(query: { id: string }): Promise<Instrument> {
    return this.require(query.id);
  }

  /** Throws DATA_UNKNOWN_INSTRUMENT. */
  require(id: string): Instrument {
    const instrument = this.known.get(id);
    if (!instrument) {
      throw dataProblem('DATA_UNKNOWN_INSTRUMENT', {
        detail: `${JSON.stringify(String(id).slice(0, 80))} is not an instrument of this server; GET /v1/instruments lists them, PUT /v1/instruments/:id adds one`,
        facts: { instrument: String(id).slice(0, 80) },
      });
    }
    return instrument;
  }

  has(id: string): boolean {
    return this.known.has(id);
  }

  async put(command: { principal: Principal; id: string; rules: InstrumentRules }): Promise<Instrument> {
    const name = parseInstrumentId(command.id);
    const errors = [
      ...(name ? [] : [{ pointer: '/id', detail: 'must be an instrument id such as "BTC-USDT.BINANCE"' }]),
      ...faultsOf(InstrumentRules, command.rules),
    ];
    if (name === null || errors.length > 0) {
      throw problem('REQUEST_INVALID', { detail: `${errors.length} faults in the instrument`, errors });
    }
    if (!this.known.has(command.id) && this.known.size >= instrumentsMax) {
      throw problem('REQUEST_CONFLICT', {
        detail: `there are ${this.known.size} instruments already; ${instrumentsMax} is the most this server keeps`,
      });
    }
    const { id, rules } = command;
    const operatorStatus = this.operatorStatusOf(id, rules.status);
    const stored = await this.store(id, rules, operatorStatus);
    this.decide(id, operatorStatus);
    return stored;
  }

  /** What an operator stops stays stopped until one lets it trade; a status that is merely repeated is no decision. */
  private operatorStatusOf(id: string, status: string): string | null {
    if (status === 'trading') return null;
    return this.known.get(id)?.status === status ? (this.operatorStatuses.get(id) ?? null) : status;
  }

  private decide(id: string, operatorStatus: string | null): void {
    if (operatorStatus === null) this.operatorStatuses.delete(id);
    else this.operatorStatuses.set(id, operatorStatus);
  }

  /**
   * Takes in what a venue says of its instrument. Fees it does not publish change nothing that is known already, and its
   * status not what an operator decided.
   */
  async learn(id: string, rules: InstrumentRules, publishesFees: boolean): Promise<void> {
    const known = this.known.get(id);
    const faults = faultsOf(InstrumentRules, rules);
    if (faults.length > 0) {
      const [{ pointer, detail }] = faults;
      throw new Error(`its rules of ${id} make no sense: ${pointer} ${detail}`);
    }
    const fees = known && !publishesFees ? { makerFee: known.makerFee, takerFee: known.takerFee } : {};
    const learnt = { ...rules, ...fees, status: this.operatorStatuses.get(id) ?? rules.status };
    const names = Object.keys(learnt) as (keyof InstrumentRules)[];
    if (known && names.every((name) => known[name] === learnt[name])) return;
    await this.store(id, learnt);
  }

  /** The venue lists it no more. */
  async vanished(id: string): Promise<void> {
    const known = this.known.get(id);
    if (known && known.status !== 'delisted') await this.store(id, { ...known, status: 'delisted' });
  }

  private async store(
    id: string,
    rules: InstrumentRules,
    operatorStatus = this.operatorStatuses.get(id) ?? null,
  ): Promise<Instrument> {
    const { base, quote, venue } = parseInstrumentId(id)!;
    const { tickSize, lotSize, minimumQuantity, minimumNotional, makerFee, takerFee, status } = rules;
    const instrument = Object.assign(new Instrument(), {
      ...{ tickSize, lotSize, minimumQuantity, minimumNotional, makerFee, takerFee, status },
      ...{ id, base, quote, venue },
    });
    const stored = await this.repository.put({ instrument, operatorStatus });
    this.known.set(stored.id, stored);
    return stored;
  }
}
