import { Injectable } from '@nestjs/common';
import { systemPrincipal } from '../../kernel/principal.js';
import { type Order, Orders } from '../contract/orders.js';
import { DeskReads } from '../desk/desk-reads.js';
import { InstrumentCache } from '../desk/instrument-cache.service.js';
import { situationOf } from './situation.js';
import type { RunningStrategy } from './strategy-book.js';
import type { OrderIntent, Situation } from './threshold.js';

const principal = systemPrincipal('strategy');

/** What a strategy may touch of the desk: it looks at its account and sends orders, like any other client. */
@Injectable()
export class StrategyHands {
  constructor(
    private readonly desk: DeskReads,
    private readonly instruments: InstrumentCache,
    private readonly orders: Orders,
  ) {}

  /** `elsewhere`: the account is not in this session now; nothing of a replay may reach a live account, nor the reverse. */
  async situation(
    { id, accountId, instrument }: RunningStrategy,
    session: string,
  ): Promise<Situation | 'elsewhere' | 'unpriced'> {
    await this.instruments.refresh(new Set([instrument]));
    const account = await this.desk.state({ accountId, instruments: [instrument] });
    if (account.session !== session) return 'elsewhere';
    const rules = this.instruments.instrument(instrument);
    return (rules && situationOf(account, rules, id)) ?? 'unpriced';
  }

  /**
   * The client order id says which decision this is, so that a crash between deciding and remembering cannot double
   * the order: the second one is answered with the first.
   */
  async submit(
    { id, accountId, instrument }: RunningStrategy,
    { side, quantity, reduceOnly }: OrderIntent,
    candle: { session: string; candleTimeMs: number },
  ): Promise<Order> {
    const decision = `${candle.session.slice(-8)}.${candle.candleTimeMs.toString(36)}.${reduceOnly ? 'out' : 'in'}`;
    const { order } = await this.orders.submit({
      principal,
      accountId,
      strategyId: id,
      // The account may have gone into a replay, or come back from one, since it was looked at.
      session: candle.session,
      order: {
        clientOrderId: `${id}.${decision}`,
        instrument,
        side,
        type: 'market',
        quantity: quantity.toString(),
        reduceOnly,
      },
    });
    return order;
  }
}
