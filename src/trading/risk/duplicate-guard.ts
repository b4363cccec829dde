import type { Decimal } from '../../kernel/decimal.js';

const keptMax = 1_000;

/** Orders taken in the last moments, by what they say. Bounded: the oldest are forgotten first. */
export class DuplicateGuard {
  private readonly takenAtMs = new Map<string, number>();

  /** Milliseconds since an equal order was taken; null when none is remembered. */
  ageOf(key: string, nowMs: number): number | null {
    const takenAtMs = this.takenAtMs.get(key);
    if (takenAtMs === undefined) return null;
    // The clock was set back: it counts from now, or the window would last until the clock has caught up.
    if (takenAtMs > nowMs) this.takenAtMs.set(key, nowMs);
    return Math.max(0, nowMs - takenAtMs);
  }

  took(key: string, nowMs: number): void {
    this.takenAtMs.delete(key);
    this.takenAtMs.set(key, nowMs);
    if (this.takenAtMs.size <= keptMax) return;
    const [oldest] = this.takenAtMs.keys();
    this.takenAtMs.delete(oldest);
  }

  /** The account moved to another clock. */
  reset(): void {
    this.takenAtMs.clear();
  }
}

/** Side, size and price; two orders with the same key are the same to whoever sent them. */
export function orderKey({
  instrument,
  side,
  type,
  quantity,
  limitPrice,
  triggerPrice,
}: {
  readonly instrument: string;
  readonly side: string;
  readonly type: string;
  readonly quantity: Decimal;
  readonly limitPrice: Decimal | null;
  readonly triggerPrice: Decimal | null;
}): string {
  return [instrument, side, type, quantity, limitPrice, triggerPrice].join(' ');
}
