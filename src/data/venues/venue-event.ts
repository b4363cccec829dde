import { Decimal } from '../../kernel/decimal.js';
import { parseRfc3339 } from '../../kernel/time.js';
import type { BookLevel } from '../contract/events.js';
import type { TradeTick } from '../feeds/tick.js';
import type { VenueCandle } from './venue.js';

/** Best bid and ask as a venue tells them; `timeMs` is null where it does not say when. */
export interface VenueQuote {
  readonly instrument: string;
  readonly bid: string;
  readonly bidSize: string;
  readonly ask: string;
  readonly askSize: string;
  readonly timeMs: number | null;
}

/** What one message of a venue says, in our words; numbers are the venue's own text. Times are the venue's, in ms. */
export type VenueEvent =
  /** `recap`: it happened before we listened, and is told so that we know the last trade. */
  | { readonly kind: 'trade'; readonly trade: TradeTick; readonly recap: boolean }
  | { readonly kind: 'quote'; readonly quote: VenueQuote }
  | {
      readonly kind: 'book-snapshot' | 'book-changes';
      readonly instrument: string;
      readonly bids: BookLevel[];
      readonly asks: BookLevel[];
      /** CRC32 of the book after this message, where the venue sends one. */
      readonly checksum: number | null;
      readonly timeMs: number | null;
    }
  /** The candle as it stands; it moves on until the next one begins. */
  | {
      readonly kind: 'candle';
      readonly instrument: string;
      readonly spanMs: number;
      readonly candle: VenueCandle;
    }
  /** The stream lives; `instrument` null: all of it. Trades up to `lastTradeId` have been sent. */
  | {
      readonly kind: 'alive';
      readonly instrument: string | null;
      readonly timeMs: number | null;
      readonly lastTradeId: string | null;
    }
  /** A subscription was taken. */
  | { readonly kind: 'subscribed'; readonly says: string }
  /** The venue said no, e.g. to a subscription. */
  | { readonly kind: 'refused'; readonly says: string }
  /** No JSON, or not what the venue documents. The message is lost; whoever keeps a book of it fetches it anew. */
  | { readonly kind: 'malformed'; readonly says: string };

/** A message that is not what its venue documents. Thrown while one is read, and never leaves the decoder. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** A JSON object whose fields are read one by one, each with a demand. */
export class MessageFields {
  private constructor(
    private readonly fields: Readonly<Record<string, unknown>>,
    private readonly what: string,
  ) {}

  /** Throws `Malformed` when `value` is no object. */
  static of(value: unknown, what: string): MessageFields {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Malformed(`${what} is no object`);
    return new MessageFields(value as Record<string, unknown>, what);
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  text(name: string): string {
    const value = this.fields[name];
    if (typeof value !== 'string' || value === '') throw new Malformed(`${this.what} has no text ${name}`);
    return value;
  }

  optionalText(name: string): string | null {
    return this.has(name) ? this.text(name) : null;
  }

  /** Plain decimal text, whatever its sign: judging it is for whoever takes the tick. */
  decimal(name: string): string {
    const text = this.text(name);
    if (Decimal.parse(text) === null)
      throw new Malformed(`${this.what}.${name} is no number: ${short(text)}`);
    return text;
  }

  /** A whole number, as JSON number or as text. */
  integer(name: string): number {
    const value = this.fields[name];
    const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
    if (!Number.isSafeInteger(number)) throw new Malformed(`${this.what}.${name} is no whole number`);
    return number as number;
  }

  flag(name: string): boolean {
    return this.fields[name] === true;
  }

  /** RFC 3339 text to ms. */
  time(name: string): number {
    const timeMs = parseRfc3339(this.text(name));
    if (timeMs === null) throw new Malformed(`${this.what}.${name} is no time: ${short(this.text(name))}`);
    return timeMs;
  }

  optionalTime(name: string): number | null {
    return this.has(name) ? this.time(name) : null;
  }

  side(name: string): 'buy' | 'sell' {
    const side = this.fields[name];
    if (side !== 'buy' && side !== 'sell') throw new Malformed(`${this.what}.${name} is no side`);
    return side;
  }

  list(name: string): unknown[] {
    const list = this.fields[name];
    if (!Array.isArray(list)) throw new Malformed(`${this.what} has no list ${name}`);
    return list;
  }

  object(name: string): MessageFields {
    return MessageFields.of(this.fields[name], `${this.what}.${name}`);
  }

  objects(name: string): MessageFields[] {
    return this.list(name).map((one) => MessageFields.of(one, `${this.what}.${name}`));
  }

  /** Names and objects of a map. */
  entries(): [string, MessageFields][] {
    return Object.entries(this.fields).map(([name, one]) => [
      name,
      MessageFields.of(one, `${this.what}.${name}`),
    ]);
  }

  /** Those fields of a map that are lists. */
  lists(): unknown[][] {
    return Object.values(this.fields).filter((one) => Array.isArray(one));
  }

  /** `[price, size, …]` rows; what follows the size is left out. */
  levels(name: string): BookLevel[] {
    return this.list(name).map((row) => {
      if (!Array.isArray(row) || typeof row[0] !== 'string' || typeof row[1] !== 'string')
        throw new Malformed(`${this.what}.${name} has a level without price and size`);
      return [row[0], row[1]];
    });
  }
}

/** Reads one message with `read`; whatever is wrong with it becomes a `malformed` event. */
export function decoded(read: () => VenueEvent[]): VenueEvent[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return [{ kind: 'malformed', says: error.message }];
    if (error instanceof SyntaxError) return [{ kind: 'malformed', says: 'no JSON' }];
    throw error;
  }
}

function short(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
