import { describe, expect, it } from 'vitest';
import { contentOf } from '../../../test/support/stream-frames.js';
import { FollowedListener } from './followed-listener.js';
import type { Followed } from './listening.js';
import type { MarketChannel } from './messages.js';
import { Topic } from './topic.js';

/** A topic, its clock, and readers that keep what they are sent. */
function aTopic(channel: MarketChannel = 'quotes') {
  const counts = { made: 0, sent: 0, conflated: 0 };
  const count = {
    made: () => (counts.made += 1),
    sent: (_channel: string, clients: number) => (counts.sent += clients),
    conflated: (_channel: string, clients: number) => (counts.conflated += clients),
  };
  let due: { atMs: number; act: () => void }[] = [];
  let nowMs = 0;
  const later = (ms: number, act: () => void): void => void due.push({ atMs: nowMs + ms, act });
  const topic = new Topic(
    { name: { channel, key: 'BTC-USD.SIM' }, epoch: 'e', count },
    { state: null, timeMs: 0 },
    later,
  );
  const follow = (conflateMs: number | null = null) => {
    const followed: Followed = topic.inRhythm(conflateMs);
    const heard: any[] = [];
    const reader = { isSlow: false, send: (bytes: Buffer) => void heard.push(contentOf(bytes)) };
    reader.send(followed.snapshot().bytes);
    const listener = new FollowedListener(reader, followed);
    followed.listeners.add(listener);
    return { heard, reader, listener, leave: () => topic.leave(followed, listener) };
  };
  return {
    topic,
    counts,
    follow,
    is: (state: unknown, more: object = {}) =>
      topic.publish({ state, change: state, timeMs: nowMs, ...more }),
    trades: (...ids: number[]) =>
      topic.publish({ state: ids.slice(-1), change: ids, timeMs: nowMs, weight: ids.length }),
    pass: (ms: number) => {
      nowMs += ms;
      for (const { atMs, act } of due.toSorted((a, b) => a.atMs - b.atMs)) if (atMs <= nowMs) act();
      due = due.filter(({ atMs }) => atMs > nowMs);
    },
  };
}

const told = (heard: any[]): unknown[] =>
  heard.map(({ type, seq, prevSeq, data }) => [type, prevSeq, seq, data]);

/** Whatever is not a snapshot follows on the frame before it. */
function expectNoGap(heard: any[]): void {
  heard.forEach((frame, n) => {
    if (n > 0) expect(frame.type === 'snapshot' || frame.prevSeq === heard[n - 1].seq).toBe(true);
  });
}

describe('a topic', () => {
  it('makes each frame once, however many listen', () => {
    for (const readers of [1, 10, 500]) {
      const t = aTopic();
      for (let n = 0; n < readers; n += 1) t.follow();
      const before = t.counts.made;
      for (let n = 0; n < 20; n += 1) t.is(n);
      expect(t.counts.made - before).toBe(20);
      expect(t.counts.sent).toBe(20 * readers);
    }
  });

  it('makes the snapshot of a moment once for all newcomers, and anew when something has happened', () => {
    const t = aTopic();
    t.is('a');
    for (let n = 0; n < 100; n += 1) t.follow();
    expect(t.counts.made).toBe(1);
    t.is('b');
    expect(t.follow().heard[0]).toMatchObject({ type: 'snapshot', data: 'b' });
  });

  it('passes nothing on to a slow reader until it has room, and then one snapshot that says how much it missed', () => {
    const t = aTopic('trades');
    const [slow, quick] = [t.follow(), t.follow()];
    t.trades(1, 2);
    slow.reader.isSlow = true;
    t.trades(3);
    t.trades(4, 5, 6);
    slow.listener.recover();
    expect(slow.heard.at(-1)).toMatchObject({ seq: 1 });
    slow.reader.isSlow = false;
    t.trades(7);
    slow.listener.recover();
    t.trades(8);
    expect(told(slow.heard)).toEqual([
      ['snapshot', 0, 0, null],
      ['update', 0, 1, [1, 2]],
      ['snapshot', 4, 4, [7]],
      ['update', 4, 5, [8]],
    ]);
    expect(slow.heard[2].dropped).toBe(5);
    expect(quick.heard.flatMap(({ data }) => data ?? [])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(t.counts.conflated).toBe(3);
  });
});

describe('a topic in a slower rhythm', () => {
  it('tells the first news at once and then the newest of each beat, without a gap', () => {
    const t = aTopic();
    const calm = t.follow(250);
    for (let n = 1; n <= 10; n += 1) {
      t.is(n);
      t.pass(100);
    }
    t.pass(250);
    expect(told(calm.heard)).toEqual([
      ['snapshot', 0, 0, null],
      ['update', 0, 1, 1],
      ['update', 1, 3, 3],
      ['update', 3, 6, 6],
      ['update', 6, 9, 9],
      ['update', 9, 10, 10],
    ]);
    t.pass(5_000);
    t.is('after a rest');
    expect(calm.heard.at(-1)).toMatchObject({ prevSeq: 10, seq: 11, data: 'after a rest' });
  });

  it('shares its frames among all who ask for it, also with who comes in between', () => {
    const t = aTopic();
    const first = t.follow(250);
    for (let n = 0; n < 199; n += 1) t.follow(250);
    t.is('a');
    t.is('b');
    const late = t.follow(250);
    expect(late.heard[0]).toMatchObject({ type: 'snapshot', seq: 1, data: 'a' });
    const before = t.counts.made;
    t.pass(250);
    expect(t.counts.made - before).toBe(1);
    expect(late.heard[1]).toEqual(first.heard.at(-1));
    expectNoGap(late.heard);
  });

  it('joins trades, so that none is lost', () => {
    const t = aTopic('trades');
    const calm = t.follow(1_000);
    t.trades(1);
    t.trades(2, 3);
    t.trades(4);
    t.pass(1_000);
    t.trades(5);
    t.pass(1_000);
    expect(calm.heard.slice(1).map(({ data }) => data)).toEqual([[1], [2, 3, 4], [5]]);
    expectNoGap(calm.heard);
  });

  it('says how many trades were too many for one frame', () => {
    const t = aTopic('trades');
    const calm = t.follow(250);
    t.trades(0);
    for (let n = 1; n <= 1_200; n += 1) t.trades(n);
    t.pass(250);
    const { data, dropped } = calm.heard.at(-1);
    expect([data.length, data[0], data.at(-1), dropped]).toEqual([1_000, 201, 1_200, 200]);
  });

  it('never keeps back or replaces what is final, such as the close of a candle', () => {
    const t = aTopic('candles');
    const calm = t.follow(5_000);
    t.is('first, open');
    t.is('first, still open');
    t.is('first, closed', { final: true });
    t.is('second, open');
    t.is('second, closed', { final: true });
    expect(calm.heard.map(({ data }) => data)).toEqual([
      null,
      'first, open',
      'first, closed',
      'second, closed',
    ]);
    expectNoGap(calm.heard);
  });

  it('is renewed with the topic, and forgotten with its last listener', () => {
    const t = aTopic();
    const calm = t.follow(250);
    t.is('a');
    t.is('b');
    t.topic.renew({ state: 'as it is', timeMs: 5 });
    t.pass(250);
    t.is('c');
    expect(told(calm.heard)).toEqual([
      ['snapshot', 0, 0, null],
      ['update', 0, 1, 'a'],
      ['snapshot', 2, 2, 'as it is'],
      ['update', 2, 3, 'c'],
    ]);
    calm.leave();
    expect(t.topic.isFollowed).toBe(false);
    const before = t.counts.made;
    t.is('d');
    t.pass(250);
    expect(t.counts.made).toBe(before);
  });
});
