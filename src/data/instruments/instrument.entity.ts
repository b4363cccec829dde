import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A row of `data.instruments`. numeric columns arrive as text and stay text. */
@Entity({ schema: 'data', name: 'instruments' })
export class InstrumentEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text')
  base: string;

  @Column('text')
  quote: string;

  @Column('text')
  venue: string;

  @Column('numeric', { name: 'tick_size' })
  tickSize: string;

  @Column('numeric', { name: 'lot_size' })
  lotSize: string;

  @Column('numeric', { name: 'minimum_quantity' })
  minimumQuantity: string;

  @Column('numeric', { name: 'minimum_notional' })
  minimumNotional: string;

  @Column('numeric', { name: 'maker_fee' })
  makerFee: string;

  @Column('numeric', { name: 'taker_fee' })
  takerFee: string;

  @Column('text')
  status: string;

  @Column('text', { name: 'operator_status', nullable: true })
  operatorStatus: string | null;
}
