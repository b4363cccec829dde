import { parseInstrumentId } from '../../kernel/money.js';
import { isTimeframe, type Timeframe } from '../../kernel/time.js';

export const marketChannels = ['quotes', 'trades', 'order-book', 'candles', 'predictions'] as const;
export type MarketChannel = (typeof marketChannels)[number];
/** What the server itself does: which services run, how long work goes on. */
export const watchChannels = ['services', 'jobs'] as const;
export type WatchChannel = (typeof watchChannels)[number];
export type Channel = MarketChannel | WatchChannel | 'account';
const channels: readonly Channel[] = [...marketChannels, 'account', ...watchChannels];

/** Rhythms a market channel is offered in, besides its own, in ms; few, so that clients share frames. */
export const conflationsMs = [100, 250, 500, 1_000, 5_000] as const;

/** Closing codes of the stream. */
export const closeCodes = {
  /** Not signed in within time, token expired, session ended. */
  unauthenticated: 4001,
  /** Account events would have been dropped; resume by `since`. */
  tooSlow: 4008,
  tooManyMessages: 4009,
  /** The server stops; connect again. */
  restarting: 1012,
} as const;

/** What a client asks for, understood. */
export type ClientMessage =
  | { readonly op: 'auth'; readonly token?: string; readonly ticket?: string }
  | { readonly op: 'ping' }
  | { readonly op: 'unsubscribe'; readonly id: string }
  | {
      readonly op: 'subscribe';
      readonly id: string;
      readonly topic: MarketTopicName;
      /** At most one frame in so many ms; null: all of them. */
      readonly conflateMs: number | null;
    }
  | { readonly op: 'subscribe-watch'; readonly id: string; readonly channel: WatchChannel }
  | {
      readonly op: 'subscribe-account';
      readonly id: string;
      readonly accountId: string;
      readonly since: number | null;
    };

/** What frames are numbered by. */
export interface TopicName {
  readonly channel: Channel;
  readonly key: string;
}

/** A market channel of one instrument, or of one instrument and timeframe; the key is `instrument[:timeframe]`. */
export interface MarketTopicName extends TopicName {
  readonly channel: MarketChannel;
  readonly instrument: string;
  readonly timeframe: Timeframe | null;
}

export interface Misunderstanding {
  readonly code: 'STREAM_MESSAGE_INVALID' | 'STREAM_CHANNEL_UNKNOWN';
  readonly detail: string;
  readonly id?: string;
}

const idLengthMax = 64;

/** A text from a client to what it asks for, or why it cannot be understood. Never throws. */
export function readMessage(text: string): ClientMessage | Misunderstanding {
  const message = parseObject(text);
  if (message === null) return invalid('every message is a JSON object such as {"op":"ping"}');
  const { op } = message;
  if (op === 'ping') return { op };
  if (op === 'auth') return readAuth(message);
  if (op !== 'subscribe' && op !== 'unsubscribe') {
    return invalid(`unknown op ${show(op)}; known are auth, subscribe, unsubscribe, ping`);
  }
  const { id } = message;
  if (typeof id !== 'string' || id.length === 0 || id.length > idLengthMax) {
    return invalid(`${op} needs an id of your own: text of 1 to ${idLengthMax} characters`);
  }
  return op === 'unsubscribe' ? { op, id } : readSubscribe(id, message);
}

function readAuth({ token, ticket }: Record<string, unknown>): ClientMessage | Misunderstanding {
  if (typeof token === 'string' && ticket === undefined) return { op: 'auth', token };
  if (typeof ticket === 'string' && token === undefined) return { op: 'auth', ticket };
  return invalid('auth needs either a token or a ticket');
}

function readSubscribe(id: string, message: Record<string, unknown>): ClientMessage | Misunderstanding {
  const params = (message.params ?? {}) as Record<string, unknown>;
  if (typeof params !== 'object' || Array.isArray(params)) return invalid('params must be an object', id);
  const { channel } = message;
  if (!isChannel(channel)) {
    const detail = `unknown channel ${show(channel)}; known are ${channels.join(', ')}`;
    return { code: 'STREAM_CHANNEL_UNKNOWN', detail, id };
  }
  if (channel === 'account') return readAccount(id, params);
  if (channel === 'services' || channel === 'jobs') return { op: 'subscribe-watch', id, channel };
  return readMarket(id, channel, params);
}

function readMarket(
  id: string,
  channel: MarketChannel,
  { instrument, timeframe, conflateMs = null }: Record<string, unknown>,
): ClientMessage | Misunderstanding {
  if (typeof instrument !== 'string' || parseInstrumentId(instrument) === null) {
    return invalid(`channel ${channel} needs params.instrument such as "BTC-USD.SIM"`, id);
  }
  if (conflateMs !== null && !(conflationsMs as readonly unknown[]).includes(conflateMs)) {
    return invalid(`params.conflateMs must be one of ${conflationsMs.join(', ')}`, id);
  }
  const rhythm = conflateMs as number | null;
  if (channel === 'quotes' || channel === 'trades' || channel === 'order-book') {
    const topic = { channel, instrument, timeframe: null, key: instrument };
    return { op: 'subscribe', id, topic, conflateMs: rhythm };
  }
  if (typeof timeframe !== 'string' || !isTimeframe(timeframe)) {
    return invalid(`channel ${channel} needs params.timeframe such as "1m"`, id);
  }
  const topic = { channel, instrument, timeframe, key: `${instrument}:${timeframe}` };
  return { op: 'subscribe', id, topic, conflateMs: rhythm };
}

function isChannel(value: unknown): value is Channel {
  return (channels as readonly unknown[]).includes(value);
}

function readAccount(
  id: string,
  { accountId, since }: Record<string, unknown>,
): ClientMessage | Misunderstanding {
  if (typeof accountId !== 'string' || !/^[0-9A-Z]{26}$/.test(accountId)) {
    return invalid('channel account needs params.accountId', id);
  }
  if (since !== undefined && !(Number.isSafeInteger(since) && (since as number) >= 0)) {
    return invalid('params.since must be the seq of the last event you have, 0 for none', id);
  }
  return { op: 'subscribe-account', id, accountId, since: (since as number | undefined) ?? null };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function invalid(detail: string, id?: string): Misunderstanding {
  return { code: 'STREAM_MESSAGE_INVALID', detail, ...(id === undefined ? {} : { id }) };
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60);
}
