import { Decimal } from '../../kernel/decimal.js';
import type { AccountState } from '../accounts/account-state.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { type FeePaidIn, feePaidIn } from '../positions/fee-value.js';

/** What a fill costs, and in what. */
export interface Fee {
  readonly fee: Decimal;
  readonly feeAsset: string;
  readonly paidIn: FeePaidIn;
  /** In quote asset. */
  readonly value: Decimal;
}

interface FeeScene {
  readonly account: AccountState;
  readonly instrument: TradedInstrument;
  readonly side: 'buy' | 'sell';
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly liquidity: 'maker' | 'taker';
  readonly session: Pick<SessionMarket, 'rate'>;
  /** What of an asset no open order holds, once the fill is settled. */
  readonly spendable: (asset: string) => Decimal;
}

/**
 * Paid in the asset the account has chosen, as long as that has a price and there is enough of it. Otherwise, and where
 * none was chosen: a cash account's spot buys pay in what they receive, all else in quote.
 */
export function feeOf(scene: FeeScene): Fee {
  const { account, instrument, side, price, quantity, liquidity } = scene;
  const rate = feeRate(account, instrument, liquidity);
  const chosen = account.model.feeAsset === null || rate.isZero() ? null : chosenFee(scene, rate);
  if (chosen !== null) return chosen;
  const value = price.times(quantity).times(rate);
  const inBase = side === 'buy' && instrument.settlement === 'exchange' && account.terms.type === 'cash';
  return inBase
    ? { fee: quantity.times(rate), feeAsset: instrument.base, paidIn: 'base', value }
    : { fee: value, feeAsset: instrument.quote, paidIn: 'quote', value };
}

/** Ratio of notional: the fill model's own, else the instrument's. */
export function feeRate(
  { model }: Pick<AccountState, 'model'>,
  instrument: Pick<TradedInstrument, 'makerFee' | 'takerFee'>,
  liquidity: 'maker' | 'taker',
): Decimal {
  return liquidity === 'maker'
    ? (model.makerFee ?? instrument.makerFee)
    : (model.takerFee ?? instrument.takerFee);
}

function chosenFee(scene: FeeScene, rate: Decimal): Fee | null {
  const { account, instrument, price, quantity, session, spendable } = scene;
  const { feeAsset: wanted } = account.model;
  const feeAsset = wanted === 'base' ? instrument.base : wanted === 'quote' ? instrument.quote : wanted!;
  const paidIn = feePaidIn(instrument.id, feeAsset);
  const value = price.times(quantity).times(rate);
  const fee =
    paidIn === 'quote'
      ? value
      : paidIn === 'base'
        ? quantity.times(rate)
        : inOther(value, session.rate(feeAsset, instrument.quote));
  if (fee === null || fee.gt(spendable(feeAsset))) return null;
  return { fee, feeAsset, paidIn, value };
}

function inOther(value: Decimal, worth: Decimal | null): Decimal | null {
  return worth?.isPositive() ? value.div(worth, 18, 'up') : null;
}
