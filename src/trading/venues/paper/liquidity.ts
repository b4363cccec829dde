import { Decimal } from '../../../kernel/decimal.js';
import type { InstrumentMarket } from '../../marks/instrument-market.js';
import type { BookSide, Level } from '../../marks/liquidity-memory.js';
import type { PaperModel } from './fill-model.js';

/** More than any market trades: what a rule that is switched off allows. */
const unbounded = Decimal.of(10n ** 40n);

/** What one account may still take from one market, by the rules of its fill model that are on. */
export class Liquidity {
  constructor(
    readonly market: InstrumentMarket,
    readonly model: PaperModel,
    readonly accountId: string,
  ) {}

  available(book: BookSide, level: Level): Decimal {
    return this.model.consumedLiquidity
      ? this.market.memoryOf(this.accountId).available(book, level)
      : level.quantity;
  }

  take(book: BookSide, level: Level, quantity: Decimal): void {
    if (this.model.consumedLiquidity) this.market.memoryOf(this.accountId).take(book, level, quantity);
  }

  /** The account's share of a traded quantity. */
  share(traded: Decimal): Decimal {
    const { participation } = this.model;
    return participation === null ? unbounded : traded.times(participation);
  }

  /** What is left of its share in the last bar, or in this minute and the one before; may be below zero. */
  get flowLeft(): Decimal {
    const share = this.share(this.market.tradedQuantity);
    return this.model.consumedLiquidity ? share.minus(this.market.takenFromFlow(this.accountId)) : share;
  }

  takeFromFlow(quantity: Decimal): void {
    if (this.model.consumedLiquidity) this.market.takeFromFlow(this.accountId, quantity);
  }
}
