import { Decimal } from '../../kernel/decimal.js';
import { minuteMs } from '../../kernel/time.js';

/**
 * Quantity that passed in the current span and, if asked for, the minute before. A span is named by the time it began:
 * the minute of a trade, or the open of a bar. What is older is forgotten.
 */
export class FlowWindow {
  private span = Number.NEGATIVE_INFINITY;
  private current = Decimal.zero;
  private previous = Decimal.zero;

  add(span: number, quantity: Decimal): void {
    if (span < this.span) return;
    this.roll(span);
    this.current = this.current.plus(quantity);
  }

  /** `withPrevious`: trades are counted over two minutes so that a fresh minute does not start at nothing. */
  total(span: number, withPrevious: boolean): Decimal {
    if (span < this.span) return Decimal.zero;
    this.roll(span);
    return withPrevious ? this.current.plus(this.previous) : this.current;
  }

  private roll(span: number): void {
    if (span === this.span) return;
    this.previous = span === this.span + minuteMs ? this.current : Decimal.zero;
    this.current = Decimal.zero;
    this.span = span;
  }
}
