import { Injectable } from '@nestjs/common';
import { parseInstrumentId } from '../../kernel/money.js';
import type { VenueHistory } from './venue.js';

/** Who can be asked about the past of which venue, by the suffix of its instrument ids. One history a venue. */
@Injectable()
export class VenueHistories {
  private readonly byVenue = new Map<string, VenueHistory>();

  /** Says who answers for a venue; the last one said counts. Before the server has started. */
  register(history: VenueHistory): void {
    this.byVenue.set(history.venue, history);
  }

  /** The history of the venue an instrument trades at; null when nobody answers for it. */
  of(instrument: string): VenueHistory | null {
    return this.byVenue.get(parseInstrumentId(instrument)?.venue ?? '') ?? null;
  }

  /** Venues that somebody answers for, by name. */
  venues(): string[] {
    return [...this.byVenue.keys()].toSorted();
  }
}
