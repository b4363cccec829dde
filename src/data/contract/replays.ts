import { anything, list, oneOf, text, time, timeframe, integer, float } from '../../kernel/fields.js';
import type { Page, PageQuery } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

export class StartReplay {
  @list({ type: 'string', maxLength: 80 }, { min: 1, max: 50, about: 'Instrument ids.' })
  instruments: string[];

  @timeframe({ optional: true, about: 'Replay stored candles of it; without it stored trades.' })
  timeframe?: string;

  @time({ about: 'Inclusive.' })
  from: string;

  @time({ about: 'Exclusive.' })
  to: string;

  @text({
    max: 10,
    pattern: /^(max|\d{1,6}(\.\d{1,3})?)$/,
    optional: true,
    about: 'A multiple of real time, or `max` (default).',
    example: 'max',
  })
  speed?: string;

  @list({ type: 'string', maxLength: 40 }, { max: 20, about: 'Paper accounts that trade in it.' })
  accounts: string[];

  @list(
    { type: 'string', maxLength: 40 },
    {
      max: 50,
      optional: true,
      about: 'Strategies of those accounts that run in it; default all started ones.',
    },
  )
  strategies?: string[];

  @integer({
    optional: true,
    about: 'Seed of ids and fill models. Same seed, same data: byte-identical fills.',
    example: 1,
  })
  seed?: number;
}

export class Replay {
  @text()
  id: string;

  @oneOf(['running', 'succeeded', 'failed', 'canceled'])
  state: string;

  @list({ type: 'string' })
  instruments: string[];

  @timeframe({ nullable: true })
  timeframe: string | null;

  @time()
  from: string;
  @time()
  to: string;

  @time({ about: "The session's clock." })
  now: string;

  @float({ min: 0, max: 1 })
  progress: number;

  @integer({ about: 'Candles (or trade batches) played so far.' })
  played: number;

  @list({ type: 'string' })
  accounts: string[];

  @anything({ nullable: true, about: 'Problem document, when failed.' })
  problem: unknown;
}

/**
 * Stored data on a clock of its own, to the named paper accounts only. The clock advances when every
 * consumer of the last step has acknowledged. Ownership of the accounts is checked by the caller (gateway).
 */
export abstract class Replays {
  static readonly port: PortDescription<Replays> = {
    name: 'data.replays',
    methods: { start: 'act', get: 'read', list: 'read', stop: 'keyed' },
  };

  /**
   * Throws DATA_RANGE_INVALID (nothing lies in the range), DATA_REPLAY_INVALID (no data in it, a speed of 0),
   * DATA_UNKNOWN_INSTRUMENT, DATA_TOO_MANY_JOBS.
   */
  abstract start(command: { principal: Principal; replay: StartReplay }): Promise<Replay>;
  /** Throws DATA_REPLAY_UNKNOWN. */
  abstract get(query: { principal: Principal; id: string }): Promise<Replay>;
  /** Newest first. Traders see their own, operators all. Throws DATA_CURSOR_INVALID. */
  abstract list(query: { principal: Principal } & PageQuery): Promise<Page<Replay>>;
  /** Stops at the next step; answers the replay as it then is. Throws DATA_REPLAY_UNKNOWN. */
  abstract stop(command: { principal: Principal; id: string }): Promise<Replay>;
}
