import { type Channel, channels } from '../../feeds/saying.js';
import { type StreamEvent, StreamWatch } from '../../feeds/stream-watch.js';
import type { Tick } from '../../feeds/tick.js';
import type { CcxtSubject } from './ccxt-ticks.js';

const channelOf: Partial<Record<Tick['kind'], Channel>> = {
  trade: 'trades',
  quote: 'quotes',
  book: 'order-book',
};

/** What can be told of the streams of each instrument, heard or asked for. */
export class CcxtStreams {
  private readonly watches: ReadonlyMap<string, Readonly<Record<Channel, StreamWatch>>>;

  constructor(
    instruments: readonly string[],
    staleMs: number,
    count: (channel: Channel, event: StreamEvent) => void,
  ) {
    this.watches = new Map(
      instruments.map((instrument) => [
        instrument,
        Object.fromEntries(
          channels.map((channel) => [
            channel,
            new StreamWatch(channel, staleMs, (event) => count(channel, event)),
          ]),
        ) as Record<Channel, StreamWatch>,
      ]),
    );
  }

  of({ instrument }: Pick<CcxtSubject, 'instrument'>, channel: Channel): StreamWatch | undefined {
    return this.watches.get(instrument)?.[channel];
  }

  heard(tick: Tick, nowMs: number): void {
    const channel = channelOf[tick.kind];
    if (channel) this.of(tick, channel)?.heard(nowMs);
  }

  unlisted(instrument: string): void {
    for (const channel of channels) this.of({ instrument }, channel)?.refused('the venue does not list it');
  }

  stopped(): void {
    for (const { watch } of this.all()) watch.stopped();
  }

  all(): { instrument: string; watch: StreamWatch }[] {
    return [...this.watches].flatMap(([instrument, watches]) =>
      channels.map((channel) => ({ instrument, watch: watches[channel] })),
    );
  }
}
