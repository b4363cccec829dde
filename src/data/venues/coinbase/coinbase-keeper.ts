import type { BookKeeper, BookStep } from '../../feeds/saying.js';
import type { BookEvent } from '../venue-sayings.js';
import { CoinbaseBook } from './coinbase-book.js';

/** The venue sends its whole book; what is forgotten of it would be missing when the market gets there. */
const depthMax = 100_000;

/** A Coinbase book as a feed keeps it: lost when bid and ask cross or a number makes no sense. */
export class CoinbaseKeeper implements BookKeeper<BookEvent> {
  lostBecause: string | null = null;
  private readonly local = new CoinbaseBook({ depthMax });

  get inStep(): boolean {
    return this.local.inStep;
  }

  take({ kind, bids, asks }: BookEvent): BookStep {
    const { local } = this;
    const step = kind === 'book-snapshot' ? local.onSnapshot(bids, asks) : local.onChanges(bids, asks);
    if (step === 'applied' || step === 'waiting') return step;
    this.lostBecause = step === 'crossed' ? 'bid and ask crossed' : `a level is ${step.replaceAll('_', ' ')}`;
    return 'lost';
  }

  top(count: number): { bids: [string, string][]; asks: [string, string][] } {
    return this.local.book.top(count);
  }

  restart(): void {
    this.local.restart();
  }
}
