import { decimal, flag, instrumentId, integer, oneOf, text, time, timeframe } from '../../kernel/fields.js';
import type { Page } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';

export const candleLimitMax = 5000;

export class Candle {
  @instrumentId()
  instrument: string;

  @timeframe()
  timeframe: string;

  @time({ about: 'Open time.', example: '2023-01-01T00:00:00.000Z' })
  time: string;

  @decimal()
  open: string;
  @decimal()
  high: string;
  @decimal()
  low: string;
  @decimal()
  close: string;

  @decimal({ sign: 'not-negative', about: 'In base asset.' })
  volume: string;

  @integer({ optional: true, about: 'Trades in it, where known.' })
  trades?: number;

  @flag({ about: 'False while the candle is still open.' })
  closed: boolean;

  @oneOf(['feed', 'import', 'backfill', 'repair', 'derived', 'simulated'], {
    about:
      'Where it came from; `backfill`: told by the venue when asked; `repair`: told by the venue where the feed left something out; `derived`: made from a smaller timeframe.',
  })
  source: string;
}

export class CandleQuery {
  @instrumentId()
  instrument: string;

  @timeframe()
  timeframe: string;

  @time({ optional: true, about: 'First open time (inclusive).' })
  from?: string;

  @time({ optional: true, about: 'End (exclusive).' })
  to?: string;

  @integer({ min: 1, max: candleLimitMax, optional: true, about: 'Default 500.' })
  limit?: number;

  @text({ max: 400, optional: true, about: '`nextCursor` of the page before.' })
  cursor?: string;
}

/** Stored candles, oldest first; without `from` the newest `limit` of them. */
export abstract class Candles {
  static readonly port: PortDescription<Candles> = {
    name: 'data.candles',
    methods: { list: 'read', listText: 'read' },
  };

  /** Throws DATA_UNKNOWN_INSTRUMENT, DATA_RANGE_INVALID, DATA_CURSOR_INVALID. */
  abstract list(query: CandleQuery): Promise<Page<Candle>>;

  /** The same page as the JSON it is sent as: for long pages, which are sooner written than made of objects. Throws as `list`. */
  abstract listText(query: CandleQuery): Promise<string>;
}
