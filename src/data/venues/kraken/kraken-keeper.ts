import type { BookKeeper, BookStep } from '../../feeds/saying.js';
import type { BookEvent } from '../venue-sayings.js';
import { KrakenBook, type KrakenPrecision } from './kraken-book.js';
import type { KrakenDepth } from './kraken-stream.js';

/** A Kraken book as a feed keeps it: each message proven by the venue's checksum, lost when one is wrong. */
export class KrakenKeeper implements BookKeeper<BookEvent> {
  lostBecause: string | null = null;
  private local: KrakenBook | null = null;

  /** `precision` as far as the venue has told it by then; asked for at each snapshot. */
  constructor(
    private readonly depth: KrakenDepth,
    private readonly precision: () => KrakenPrecision | null,
  ) {}

  get inStep(): boolean {
    return this.local?.inStep ?? false;
  }

  take({ kind, bids, asks, checksum }: BookEvent): BookStep {
    if (kind === 'book-snapshot')
      this.local = new KrakenBook({ depth: this.depth, precision: this.precision() });
    if (this.local === null) return 'waiting';
    const step =
      kind === 'book-snapshot'
        ? this.local.onSnapshot(bids, asks, checksum)
        : this.local.onUpdate(bids, asks, checksum!);
    if (step === 'waiting') return step;
    if (step === 'applied' && !this.local.book.crossed) return step;
    this.local.restart();
    this.lostBecause =
      step === 'applied'
        ? 'bid and ask crossed'
        : step === 'wrong_checksum'
          ? 'the checksum is wrong'
          : `a level is ${step.replaceAll('_', ' ')}`;
    return 'lost';
  }

  top(count: number): { bids: [string, string][]; asks: [string, string][] } {
    return this.local?.book.top(count) ?? { bids: [], asks: [] };
  }

  restart(): void {
    this.local = null;
  }
}
