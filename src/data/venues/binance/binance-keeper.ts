import type { BookKeeper, BookStep } from '../../feeds/saying.js';
import { BinanceBook } from './binance-book.js';
import type { BinanceBookMessage } from './binance-messages.js';

/** Levels kept a side, and updates kept while a snapshot is under way: a hundred seconds of them. */
const depthMax = 5_000;
const bufferMax = 1_000;

/** A Binance book as a feed keeps it: lost on a gap, on numbers that make no sense, and when bid and ask cross. */
export class BinanceKeeper implements BookKeeper<BinanceBookMessage> {
  lostBecause: string | null = null;
  private readonly local = new BinanceBook({ depthMax, bufferMax });

  get inStep(): boolean {
    return this.local.inStep;
  }

  take(message: BinanceBookMessage): BookStep {
    const { local } = this;
    const step =
      message.kind === 'update' ? local.onUpdate(message.update) : local.onSnapshot(message.snapshot);
    switch (step) {
      case 'applied':
        return local.book.crossed ? this.lose('bid and ask crossed') : 'applied';
      case 'waiting':
      case 'old':
        return step;
      case 'snapshot_too_old':
        return 'waiting';
      case 'gap':
        return this.lose('updates are missing');
      default:
        return this.lose(`a level is ${step.replaceAll('_', ' ')}`);
    }
  }

  top(count: number): { bids: [string, string][]; asks: [string, string][] } {
    return this.local.book.top(count);
  }

  restart(): void {
    this.local.restart();
  }

  private lose(because: string): BookStep {
    // After a gap the update that showed it is kept already, and is not thrown away here.
    if (this.local.inStep) this.local.restart();
    this.lostBecause = because;
    return 'lost';
  }
}
