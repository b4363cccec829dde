import { Decimal } from '../../kernel/decimal.js';
import type { Order } from '../contract/orders.js';

/** The part of an order's terms that an amendment may change. */
export interface AmendedTerms {
  readonly quantity: Decimal;
  readonly limitPrice: Decimal | null;
  readonly triggerPrice: Decimal | null;
}

/** A request on its way to the venue; it arrives at `atMs` on the account's clock. */
export type InFlight =
  | {
      readonly kind: 'place';
      readonly atMs: number;
      /** Leaves a position: what rests beside it is cancelled when it has filled. */
      readonly closes: boolean;
    }
  | { readonly kind: 'update'; readonly atMs: number; readonly terms: AmendedTerms }
  | { readonly kind: 'cancel'; readonly atMs: number };

/** What of it the owner is told: an order on its way is `submitted` and needs no word of its own. */
export function pendingOf(requests: readonly InFlight[]): Order['pending'] {
  if (requests.some(({ kind }) => kind === 'cancel')) return 'cancel';
  return requests.some(({ kind }) => kind === 'update') ? 'update' : null;
}

/** As stored: JSON with decimals as text. */
export type StoredInFlight = readonly (
  | Extract<InFlight, { kind: 'place' | 'cancel' }>
  | { kind: 'update'; atMs: number; terms: Record<keyof AmendedTerms, string | null> }
)[];

export function inFlightOf(stored: StoredInFlight | null): readonly InFlight[] {
  return (stored ?? []).map((request) => {
    if (request.kind !== 'update') return request;
    const { quantity, limitPrice, triggerPrice } = request.terms;
    const number = (text: string | null): Decimal | null => (text === null ? null : Decimal.of(text));
    return {
      ...request,
      terms: {
        quantity: Decimal.of(quantity!),
        limitPrice: number(limitPrice),
        triggerPrice: number(triggerPrice),
      },
    };
  });
}
