import { beforeEach, describe, expect, it } from 'vitest';
import { HandClock } from '../../../test/support/data-house.js';
import { SeededRandom } from '../../kernel/random.js';
import { VenueFault } from '../venues/venue.js';
import { InstrumentFollower } from './instrument-follower.service.js';
import type { BookKeeper, BookStep, VenueTrade } from './saying.js';
import type { Tick } from './tick.js';
import type { TradePage, TradesAsk, VenueMarket } from './venue-market.js';

const instrument = 'BTC-USDT.BINANCE';
const t0 = Date.parse('2024-03-05T10:17:23.456Z');
const settled = (): Promise<void> => new Promise((wake) => setImmediate(wake));

/** A book that does what it is told to have done. */
class ToldBook implements BookKeeper<BookStep> {
  lostBecause: string | null = null;
  inStep = false;
  take(step: BookStep): BookStep {
    this.inStep = step === 'applied' || (step === 'old' && this.inStep);
    if (step === 'lost') this.lostBecause = 'updates are missing';
    return step;
  }
  top(): { bids: [string, string][]; asks: [string, string][] } {
    return { bids: [['1', '1']], asks: [['2', '1']] };
  }
  restart(): void {
    this.inStep = false;
  }
}

describe('an instrument that is followed', () => {
  let clock: HandClock;
  let ticks: Tick[];
  let refused: string[];
  let failures: string[];
  let asked: TradesAsk[];
  let subscribed: string[];
  let answer: (ask: TradesAsk) => Promise<TradePage>;
  let books: (() => Promise<BookStep>) | undefined;
  let follower: InstrumentFollower<BookStep>;

  beforeEach(() => {
    clock = new HandClock(t0);
    [ticks, refused, failures, asked, subscribed] = [[], [], [], [], []];
    answer = async () => ({ trades: [], newestId: null, more: false });
    books = async () => 'applied';
    begin();
  });

  function begin(): void {
    const market = {
      exchange: 'binance',
      subscribedByUrl: true,
      quotesFromBook: false,
      newBook: () => new ToldBook(),
      tradesFrom: (_symbol: string, ask: TradesAsk) => {
        asked.push(ask);
        return answer(ask);
      },
      ...(books ? { bookNow: () => books!() } : {}),
    } as unknown as VenueMarket<BookStep>;
    follower = new InstrumentFollower<BookStep>({
      instrument,
      symbol: 'BTCUSDT',
      market,
      clock,
      random: new SeededRandom(1),
      staleMs: 30_000,
      latenessMs: 2_000,
      judgement: () => ({ nowMs: clock.nowMs(), futureMsMax: 5_000, ageMsMax: 120_000 }),
      accept: (more) => void ticks.push(...more),
      refuse: (reason, count) => void refused.push(`${reason} ${count}`),
      subscribe: (channel) => void subscribed.push(channel),
      count: () => undefined,
      failed: (says) => void failures.push(says),
    });
    follower.opened();
  }
  const aTrade = (id: number, more: Partial<VenueTrade> = {}): VenueTrade => ({
    id,
    price: '100',
    quantity: '1',
    side: 'buy',
    timeMs: clock.timeMs,
    ...more,
  });
  const hear = (...trades: VenueTrade[]): void => {
    for (const trade of trades) follower.take({ says: 'trade', symbol: 'BTCUSDT', trade });
  };
  /** Time goes on, and what it brings is looked at as often as in life. */
  async function pass(ms: number): Promise<void> {
    for (const endMs = clock.timeMs + ms; clock.timeMs < endMs;) {
      clock.timeMs += Math.min(100, endMs - clock.timeMs);
      follower.check(clock.timeMs);
      await settled();
    }
  }
  const passedOn = (): (string | number)[] =>
    ticks.flatMap((tick): (string | number)[] =>
      tick.kind === 'trade' ? [Number(tick.id)] : tick.kind === 'gap' ? ['gap'] : [],
    );
  const watermark = (): number =>
    Math.max(0, ...ticks.map((tick) => (tick.kind === 'watermark' ? tick.timeMs : 0)));

  it('leaves out the minute in which watching began, and says from then on how far everything was heard', async () => {
    await pass(300);
    expect(ticks[0]).toEqual({ kind: 'gap', instrument, timeMs: t0 + 100 + 2_000 });
    expect(watermark()).toBe(clock.timeMs - 2_000);
  });

  it('waits a moment for a trade that is only late, and asks nobody', async () => {
    await pass(100);
    hear(aTrade(1), aTrade(3));
    await pass(200);
    hear(aTrade(2));
    await pass(300);
    expect(passedOn()).toEqual(['gap', 1, 2, 3]);
    expect(asked).toEqual([]);
    expect(follower.streams.trades).toMatchObject({ state: 'live', gaps: 1, resyncs: 1 });
  });

  it('fetches a missing trade, and says nothing of the time after it until it is there', async () => {
    await pass(100);
    hear(aTrade(1));
    await pass(1_000);
    const before = watermark();
    hear(aTrade(3));
    const missing = aTrade(2, { timeMs: clock.timeMs - 5 });
    let give: (page: TradePage) => void = () => undefined;
    answer = () => new Promise((resolve) => (give = resolve));
    await pass(5_000);
    expect(watermark()).toBe(before);
    expect(asked).toEqual([{ fromId: 2, sinceMs: t0 + 100 }]);
    give({ trades: [missing], newestId: 3, more: false });
    await settled();
    await pass(100);
    expect(passedOn()).toEqual(['gap', 1, 2, 3]);
    expect(watermark()).toBe(clock.timeMs - 2_000);
  });

  it('asks once more for a trade that made no sense, before it counts as missing', async () => {
    await pass(100);
    hear(aTrade(1), aTrade(2, { price: 'NaN' }), aTrade(3));
    answer = async () => ({ trades: [aTrade(2, { timeMs: t0 + 100 })], newestId: 3, more: false });
    await pass(500);
    expect(refused).toEqual(['not_a_number 1']);
    expect(passedOn()).toEqual(['gap', 1, 2, 3]);
  });

  it('tells a gap where the venue itself has nothing, and goes on behind it', async () => {
    await pass(100);
    hear(aTrade(1), aTrade(4));
    answer = async () => ({ trades: [], newestId: 4, more: false });
    await pass(500);
    expect(passedOn()).toEqual(['gap', 1, 'gap', 4]);
    expect(failures[0]).toContain('the venue has no trades 2 to 3; 2 are lost');
    expect(watermark()).toBe(clock.timeMs - 2_000);
  });

  it('tells a gap when the missing could not be fetched while they could still be used', async () => {
    await pass(100);
    hear(aTrade(1), aTrade(3));
    answer = () => Promise.reject(new VenueFault('unavailable', 'binance: out of order'));
    await pass(89_000);
    expect(passedOn()).toEqual(['gap', 1]);
    expect(failures).toContain('binance: out of order');
    await pass(2_000);
    expect(passedOn()).toEqual(['gap', 1, 'gap', 3]);
    // Asked again and again, but ever more rarely.
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.length).toBeLessThan(30);
  });

  it('leaves a venue alone as long as it asks for', async () => {
    await pass(100);
    hear(aTrade(1), aTrade(3));
    answer = () => Promise.reject(new VenueFault('rate_limited', 'binance: too many', 60_000));
    await pass(59_000);
    expect(asked).toHaveLength(1);
  });

  it('fetches what was traded while the connection was gone, page by page', async () => {
    await pass(100);
    hear(aTrade(1));
    follower.closed();
    await pass(1_000);
    expect(follower.streams.trades.state).toBe('connecting');
    follower.opened();
    const pages: Record<number, TradePage> = {
      2: { trades: [aTrade(2), aTrade(3)], newestId: 3, more: true },
      4: { trades: [aTrade(4)], newestId: 4, more: false },
    };
    answer = async ({ fromId }) => pages[fromId];
    await pass(300);
    hear(aTrade(5));
    expect(passedOn()).toEqual(['gap', 1, 2, 3, 4, 5]);
    expect(follower.streams.trades).toMatchObject({ state: 'live', gaps: 1, resyncs: 1 });
  });

  it('fetches it as well when the connection broke before anybody had looked', async () => {
    hear(aTrade(1));
    follower.closed();
    await pass(1_000);
    follower.opened();
    answer = async () => ({ trades: [aTrade(2), aTrade(3)], newestId: 3, more: false });
    hear(aTrade(4));
    await pass(1_000);
    expect(passedOn().filter((one) => one !== 'gap')).toEqual([1, 2, 3, 4]);
    expect(failures).toEqual([]);
  });

  it('fetches it as well when the venue, asked anew, tells its last trade first', async () => {
    const recap = (id: number): void =>
      follower.take({ says: 'trade', symbol: 'BTCUSDT', trade: aTrade(id), recap: true });
    recap(6);
    recap(7);
    hear(aTrade(8));
    follower.closed();
    follower.opened();
    recap(10);
    answer = async () => ({ trades: [aTrade(9), aTrade(10)], newestId: 10, more: false });
    await pass(1_000);
    expect(passedOn().filter((one) => one !== 'gap')).toEqual([8, 9, 10]);
    expect(failures).toEqual([]);
  });

  it('does not believe that nothing was traded before the venue says so', async () => {
    await pass(100);
    hear(aTrade(1));
    await pass(100);
    const before = watermark();
    follower.closed();
    follower.opened();
    answer = () => new Promise(() => undefined);
    await pass(3_000);
    expect(watermark()).toBe(before);
  });

  it('throws a trade away whose number the venue never gave out', async () => {
    await pass(100);
    hear(aTrade(1), aTrade(1_000_000_001), aTrade(2));
    await pass(500);
    hear(aTrade(3));
    expect(refused).toEqual(['impossible_id 1']);
    expect(passedOn()).toEqual(['gap', 1, 2, 3]);
  });

  it('misses trades it only hears of', async () => {
    await pass(100);
    hear(aTrade(1));
    follower.take({ says: 'newest-trade', symbol: 'BTCUSDT', id: 2 });
    answer = async () => ({ trades: [aTrade(2)], newestId: 2, more: false });
    await pass(500);
    expect(passedOn()).toEqual(['gap', 1, 2]);
  });

  it('numbers what is no trade of the market, and passes it to nobody', async () => {
    await pass(100);
    hear(aTrade(1), aTrade(2, { offMarket: true, price: '0' }), aTrade(3));
    expect(passedOn()).toEqual(['gap', 1, 3]);
    expect(refused).toEqual([]);
  });

  it('never goes back to an older quote', () => {
    const quote = {
      says: 'quote',
      symbol: 'BTCUSDT',
      bid: '1',
      bidSize: '1',
      ask: '2',
      askSize: '1',
    } as const;
    follower.take({ ...quote, timeMs: null, sequence: 7 });
    follower.take({ ...quote, timeMs: null, sequence: 6 });
    expect(refused).toEqual(['unordered 1']);
    expect(ticks.filter(({ kind }) => kind === 'quote')).toHaveLength(1);
  });

  it('fetches the book once it hears of it, and again when it is lost', async () => {
    const book = (step: BookStep): void => follower.take({ says: 'book', symbol: 'BTCUSDT', book: step });
    const shown = (): number => ticks.filter(({ kind }) => kind === 'book').length;
    book('waiting');
    expect(follower.streams['order-book'].state).toBe('syncing');
    await pass(200);
    expect(follower.streams['order-book']).toMatchObject({ state: 'live', gaps: 0, resyncs: 0 });
    expect(shown()).toBe(1);
    book('lost');
    expect(follower.streams['order-book']).toMatchObject({ state: 'syncing', detail: 'updates are missing' });
    await pass(1_000);
    expect(follower.streams['order-book']).toMatchObject({ state: 'live', gaps: 1, resyncs: 1 });
  });

  it('subscribes again for a book where the venue has no other way', async () => {
    books = undefined;
    begin();
    await pass(1_000);
    expect(subscribed).toEqual([]);
    follower.take({ says: 'book', symbol: 'BTCUSDT', book: 'applied' });
    await pass(1_000);
    follower.bookInDoubt();
    await pass(100);
    expect(subscribed).toEqual(['order-book']);
  });

  it('subscribes again to what is silent, at growing intervals, and calls it stale', async () => {
    hear(aTrade(1));
    follower.take({ says: 'book', symbol: 'BTCUSDT', book: 'applied' });
    await pass(30_200);
    expect(follower.streams.trades.stale(clock.timeMs)).toBe(true);
    expect(subscribed.toSorted()).toEqual(['order-book', 'quotes', 'trades']);
    await pass(60_200);
    expect(subscribed).toHaveLength(6);
    await pass(60_200);
    expect(subscribed).toHaveLength(6);
    hear(aTrade(2));
    expect(follower.streams.trades.stale(clock.timeMs)).toBe(false);
  });
});
