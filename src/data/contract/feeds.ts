import { integer, list, oneOf, text, time } from '../../kernel/fields.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

export class Feed {
  @text({ example: 'sim' })
  id: string;

  @oneOf(['stopped', 'starting', 'running', 'failed'])
  state: string;

  @list({ type: 'string' })
  instruments: string[];

  @integer({ nullable: true, about: 'Venue time to our time of the last message, ms.' })
  lagMs: number | null;

  @integer({ about: 'Messages since start.' })
  messages: number;

  @integer({ about: 'Ticks refused since start, all reasons.' })
  refused: number;

  @integer()
  reconnects: number;

  @time({ nullable: true })
  lastMessageAt: string | null;

  @text({ max: 2000, nullable: true })
  lastError: string | null;
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
