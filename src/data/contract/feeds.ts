import { flag, instrumentId, integer, list, oneOf, text, time } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

/** One stream of one instrument at its venue. */
export class FeedStream {
  @instrumentId({ example: 'BTC-USDT.BINANCE' })
  instrument: string;

  @oneOf(['trades', 'quotes', 'order-book'])
  channel: string;

  @oneOf(['waiting', 'connecting', 'syncing', 'live', 'refused', 'stopped'], {
    about:
      '`waiting`: the venue could not be asked yet; `syncing`: heard, but something is missing and being fetched; `refused`: the venue has no such stream.',
  })
  state: string;

  @time({ nullable: true })
  lastMessageAt: string | null;

  @integer({ nullable: true, about: 'Milliseconds since the last message.' })
  ageMs: number | null;

  @integer({ about: 'Messages since start.' })
  messages: number;

  @integer({ about: 'Times something was found missing.' })
  gaps: number;

  @integer({ about: 'Times it was whole again after that.' })
  resyncs: number;

  @flag({ about: 'Silent for longer than STREAM_STALE_MS.' })
  stale: boolean;

  @text({ max: 2000, nullable: true, about: 'What went wrong last.' })
  detail: string | null;
}

export class RefusedTicks {
  @text({ example: 'crossed' })
  reason: string;

  @integer()
  count: number;
}

export class Feed {
  @text({ example: 'sim' })
  id: string;

  @oneOf(['stopped', 'starting', 'running', 'failed'])
  state: string;

  @list({ type: 'string' })
  instruments: string[];

  @integer({ nullable: true, about: 'Venue time to our time of the last message, ms.' })
  lagMs: number | null;

  @integer({
    nullable: true,
    min: Number.MIN_SAFE_INTEGER,
    about: "The venue's clock minus ours, ms, median of its newest messages; the way they took is in it.",
  })
  skewMs: number | null;

  @integer({ about: 'Ticks heard since start.' })
  messages: number;

  @integer({ about: 'Ticks refused since start, all reasons.' })
  refused: number;

  @list(() => RefusedTicks, { about: 'The same by reason.' })
  refusedBy: RefusedTicks[];

  @integer()
  reconnects: number;

  @time({ nullable: true })
  lastMessageAt: string | null;

  @text({ max: 2000, nullable: true })
  lastError: string | null;

  @list(() => FeedStream, { about: 'Per instrument and channel; empty for the simulated market.' })
  streams: FeedStream[];
}

export abstract class Feeds {
  static readonly port: PortDescription<Feeds> = {
    name: 'data.feeds',
    methods: { list: 'read', start: 'keyed', stop: 'keyed' },
  };

  abstract list(query: object): Promise<Feed[]>;
  /** Throws DATA_FEED_UNKNOWN. */
  abstract start(command: { principal: Principal; id: string }): Promise<Feed>;
  abstract stop(command: { principal: Principal; id: string }): Promise<Feed>;
}
