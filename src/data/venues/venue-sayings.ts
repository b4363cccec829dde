import type { Saying } from '../feeds/saying.js';
import type { VenueEvent } from './venue-event.js';

export type BookEvent = Extract<VenueEvent, { kind: 'book-snapshot' | 'book-changes' }>;

/** What differs between venues when their events are handed to a feed. */
export interface SayingRules {
  /** The venue's name of an instrument of ours. */
  symbolOf(instrument: string): string;
  /** Which subscription a `subscribed` event speaks of. */
  subscribed(says: string): Saying<BookEvent>[];
  /** Which symbol the venue will not serve, of a refusal that does not pass. */
  refusedSymbol(says: string): string | null;
  /** Nothing but the next snapshot shows what a message that cannot be read did to a book. */
  readonly booksUnproven: boolean;
}

/** An event of a venue's decoder as a feed takes it. */
export function sayingsOf(event: VenueEvent, rules: SayingRules): Saying<BookEvent>[] {
  switch (event.kind) {
    case 'trade': {
      const { trade, recap } = event;
      const { price, quantity, side, timeMs } = trade;
      const numbered = { id: Number(trade.id), price, quantity, side, timeMs };
      const symbol = rules.symbolOf(trade.instrument);
      // What happened before we listened says nothing about when it was said.
      return [{ says: 'trade', symbol, trade: numbered, ...(recap ? { recap } : { eventMs: timeMs }) }];
    }
    case 'quote': {
      const { instrument, timeMs, ...quote } = event.quote;
      return [
        {
          says: 'quote',
          symbol: rules.symbolOf(instrument),
          ...quote,
          timeMs,
          sequence: null,
          ...timed(timeMs),
        },
      ];
    }
    case 'book-snapshot':
    case 'book-changes':
      return [
        { says: 'book', symbol: rules.symbolOf(event.instrument), book: event, ...timed(event.timeMs) },
      ];
    case 'alive': {
      const { instrument, lastTradeId, timeMs } = event;
      if (instrument === null || lastTradeId === null) return [{ says: 'alive', ...timed(timeMs) }];
      const id = Number(lastTradeId);
      return [{ says: 'newest-trade', symbol: rules.symbolOf(instrument), id, ...timed(timeMs) }];
    }
    case 'subscribed':
      return rules.subscribed(event.says);
    case 'refused':
      return [{ says: 'refused', symbol: rules.refusedSymbol(event.says), detail: event.says.slice(0, 200) }];
    case 'malformed':
      return [
        {
          says: 'nothing',
          fault: event.says === 'no JSON' ? 'not_json' : 'unknown_message',
          ...(rules.booksUnproven ? { booksInDoubt: true as const } : {}),
        },
      ];
    case 'candle':
      return [];
  }
}

function timed(timeMs: number | null): { eventMs?: number } {
  return timeMs === null ? {} : { eventMs: timeMs };
}
