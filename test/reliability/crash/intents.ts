import type { Random } from '../../../src/kernel/random.js';

/** What a trader means to do, once, however often it has to be said. */
export interface Intent {
  readonly id: string;
  readonly account: string;
  readonly act: 'place' | 'amend' | 'cancel' | 'cancel-all' | 'deposit';
  /** Of a place: its first name; of a deposit: its key. */
  readonly key?: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Of a cancel or an amendment. */
  readonly orderId?: string;
}

/** What traders write down: each intent before it is sent, each outcome after it came. */
export type JournalLine =
  | { readonly k: 'intent'; readonly intent: Intent }
  | { readonly k: 'sent'; readonly id: string; readonly key?: string }
  | {
      readonly k: 'answer';
      readonly id: string;
      readonly status: number;
      readonly replayed: boolean;
      readonly body: any;
    }
  | { readonly k: 'unknown' | 'untaken'; readonly id: string; readonly why: string };

/** What a lane knows when it decides. */
export interface LaneView {
  readonly account: string;
  readonly instrument: string;
  /** Price now, in quote asset. */
  readonly mark: number;
  /** Open orders of its own, as it was last told of them. */
  readonly open: readonly {
    readonly id: string;
    readonly limitPrice: string | null;
    readonly quantity: string;
  }[];
  /** Client order ids it has used. */
  readonly used: readonly string[];
  /** Whether the lane uses trailing stops: they move without an event, so a state with one has no place in the log. */
  readonly trails: boolean;
}

/**
 * A mix of everything: orders that fill at once, orders that rest and fill later or never, cancels, deposits, orders
 * our risk denies, requests that are malformed, and ids used again for something else.
 */
export function nextIntent(id: string, number: number, view: LaneView, random: Random): Intent {
  const { account, instrument, mark } = view;
  const pick = random.nextFloat();
  const place = (order: Record<string, unknown>, key = id): Intent => ({
    id,
    account,
    act: 'place',
    key,
    body: { instrument, side: random.nextFloat() < 0.5 ? 'buy' : 'sell', tags: [id], ...order },
  });
  const size = (): string => (0.001 * (1 + random.nextInt(5))).toFixed(3);
  /** `away`: share of the price; positive is worse for whoever waits. */
  const limit = (away: number, more: object = {}): Intent => {
    const side = random.nextFloat() < 0.5 ? 'buy' : 'sell';
    const price = mark * (side === 'buy' ? 1 - away : 1 + away);
    return place({ side, type: 'limit', quantity: size(), limitPrice: price.toFixed(2), ...more });
  };
  if (pick < 0.25) return place({ type: 'market', quantity: size() });
  if (pick < 0.32) return waiting(view, random, place, size());
  if (pick < 0.55) return limit(0.0001 * random.nextFloat());
  if (pick < 0.65) return limit(0.001 + 0.01 * random.nextFloat());
  if (pick < 0.7) return limit(-0.0005, { timeInForce: random.nextFloat() < 0.5 ? 'ioc' : 'fok' });
  if (pick < 0.73) return limit(0.0001, { postOnly: true });
  if (pick < 0.8 && view.open.length > 0) {
    return { id, account, act: 'amend', ...amendment(view.open[random.nextInt(view.open.length)], random) };
  }
  if (pick < 0.88) {
    return view.open.length === 0
      ? place({ type: 'market', quantity: size() })
      : { id, account, act: 'cancel', orderId: view.open[random.nextInt(view.open.length)].id };
  }
  if (pick < 0.9) return place({ type: 'market', quantity: '900000' });
  if (pick < 0.92) return place({ type: 'limit', quantity: '-1', limitPrice: '1' });
  if (pick < 0.95 && view.used.length > 0)
    return limit(0.02, { clientOrderId: view.used[random.nextInt(view.used.length)] });
  if (pick < 0.97) return { id, account, act: 'cancel-all' };
  // No two deposits of one amount, so that each can be told in the ledger.
  const amount = `${1 + random.nextInt(9)}.${String(number).padStart(7, '0')}${accountDigits(id)}`;
  return { id, account, act: 'deposit', key: id, body: { kind: 'deposit', asset: 'USD', amount } };
}

/** More of it, or at a price a little off. */
function amendment(
  { id, limitPrice, quantity }: LaneView['open'][number],
  random: Random,
): Pick<Intent, 'orderId' | 'body'> {
  if (limitPrice === null || random.nextFloat() < 0.5) {
    return { orderId: id, body: { quantity: (Number(quantity) + 0.001).toFixed(3) } };
  }
  const off = 1 + 0.0002 * (random.nextFloat() - 0.5);
  return { orderId: id, body: { limitPrice: (Number(limitPrice) * off).toFixed(2) } };
}

/** An order that waits: for a price near by, or for one far off until its time is over. */
function waiting(
  { mark, trails }: LaneView,
  random: Random,
  place: (order: Record<string, unknown>) => Intent,
  quantity: string,
): Intent {
  const side = random.nextFloat() < 0.5 ? 'buy' : 'sell';
  const above = (share: number): string => (mark * (1 + share)).toFixed(2);
  const up = side === 'buy' ? 1 : -1;
  const near = 0.0002 * random.nextFloat();
  switch (random.nextInt(trails ? 4 : 3)) {
    case 0:
      return place({ side, type: 'stop_market', quantity, triggerPrice: above(up * near) });
    case 1:
      return place({
        side,
        type: 'take_profit_limit',
        quantity,
        triggerPrice: above(-up * near),
        limitPrice: above(up * near),
      });
    case 2: {
      const expireAt = new Date(Date.now() + 500 + random.nextInt(5_000)).toISOString();
      return place({
        side,
        type: 'limit',
        quantity,
        limitPrice: above(-up * 0.01),
        timeInForce: 'gtd',
        expireAt,
      });
    }
    default:
      return place({ side, type: 'trailing_stop_market', quantity, trailingOffset: { percent: '0.02' } });
  }
}

/** `c<client>.<lane>.<number>` as digits. */
function accountDigits(id: string): string {
  const [, client, lane] = /^c(\d+)\.(\d+)\./.exec(id)!;
  return client.padStart(2, '0') + lane.padStart(2, '0') + '1';
}
