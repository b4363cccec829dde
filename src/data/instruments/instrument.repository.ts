import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Decimal } from '../../kernel/decimal.js';
import { Instrument } from '../contract/instruments.js';
import { InstrumentEntity } from './instrument.entity.js';

/** An instrument, and the status an operator gave it; null while it follows its venue. */
export interface KeptInstrument {
  readonly instrument: Instrument;
  readonly operatorStatus: string | null;
}

/** The one place that maps instruments to rows and back. */
@Injectable()
export class InstrumentRepository {
  constructor(@InjectRepository(InstrumentEntity) private readonly entities: Repository<InstrumentEntity>) {}

  async all(limit: number): Promise<KeptInstrument[]> {
    const rows = await this.entities.find({ order: { id: 'ASC' }, take: limit });
    return rows.map((row) => ({ instrument: instrumentOf(row), operatorStatus: row.operatorStatus }));
  }

  /** Creates or replaces; answers what is stored now. */
  async put({ instrument, operatorStatus }: KeptInstrument): Promise<Instrument> {
    const row = this.entities.create({ ...instrument, operatorStatus });
    await this.entities.upsert(row, ['id']);
    return instrumentOf(row);
  }
}

function instrumentOf(row: InstrumentEntity): Instrument {
  const normal = (text: string): string => Decimal.of(text).toString();
  return Object.assign(new Instrument(), {
    id: row.id,
    base: row.base,
    quote: row.quote,
    venue: row.venue,
    tickSize: normal(row.tickSize),
    lotSize: normal(row.lotSize),
    minimumQuantity: normal(row.minimumQuantity),
    minimumNotional: normal(row.minimumNotional),
    makerFee: normal(row.makerFee),
    takerFee: normal(row.takerFee),
    status: row.status,
  });
}
