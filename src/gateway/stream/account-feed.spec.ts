import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountEventItem } from '../../trading/contract/portfolio.js';
import { contentOf, uncounted } from '../../../test/support/stream-frames.js';
import { AccountFeed, accountFrame } from './account-feed.js';

const anEvent = (seq: number): AccountEventItem => ({
  seq,
  type: 'order-accepted',
  time: '2023-01-01T00:00:00.000Z',
  data: { seq },
});

/** A log that grows, and a listener that keeps the numbers it was sent. */
function story(since: number, pageSize = 3) {
  const log: AccountEventItem[] = [];
  const sent: number[] = [];
  let failure: unknown = null;
  const feed = new AccountFeed(since, {
    read: async (after) => {
      await Promise.resolve();
      const items = log.filter(({ seq }) => seq > after).slice(0, pageSize);
      return { items, lastSeq: log.length };
    },
    ready: () => Promise.resolve(),
    frameOf: (event) => accountFrame('account', event, uncounted),
    send: ({ bytes }) => sent.push(contentOf(bytes).seq),
    failed: (error) => {
      failure = error;
    },
  });
  return {
    feed,
    sent,
    failure: () => failure,
    /** Commits the next event; `announce` false is a lost message. */
    commit: (announce: boolean) => {
      const event = anEvent(log.length + 1);
      log.push(event);
      if (announce) feed.offer(event.seq, accountFrame('account', event, uncounted));
    },
    announceAgain: (seq: number) => feed.offer(seq, accountFrame('account', anEvent(seq), uncounted)),
    settle: () => new Promise((resolve) => setTimeout(resolve, 0)),
  };
}

describe('the feed of an account', () => {
  it('passes every event on once and in order, whatever messages get lost, repeated or late', async () => {
    const acts = fc.array(fc.constantFrom('announced', 'lost', 'repeated', 'pause'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(acts, fc.integer({ min: 0, max: 5 }), async (sequence, had) => {
        const s = story(had);
        for (let n = 0; n < had; n += 1) s.commit(false);
        s.feed.catchUp();
        let committed = had;
        for (const act of sequence) {
          if (act === 'pause') await s.settle();
          else if (act === 'repeated') {
            // Only what happened can be told again.
            if (committed > 0) s.announceAgain(committed);
          } else {
            s.commit(act === 'announced');
            committed += 1;
          }
        }
        await s.settle();
        // A message lost at the very end is found with the next one that arrives.
        s.commit(true);
        await s.settle();
        const expected = Array.from({ length: committed + 1 - had }, (_, n) => had + 1 + n);
        expect(s.sent).toEqual(expected);
        expect(s.failure()).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it('reads the past page by page before it goes on live', async () => {
    const s = story(0);
    for (let n = 0; n < 10; n += 1) s.commit(false);
    s.feed.catchUp();
    s.commit(true);
    await s.settle();
    s.commit(true);
    expect(s.sent).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('finds what nobody announced when it is told to look, also while it is looking', async () => {
    const s = story(0);
    s.feed.catchUp();
    await Promise.resolve();
    await Promise.resolve();
    s.commit(false);
    s.feed.catchUp();
    await s.settle();
    expect(s.sent).toEqual([1]);
    s.commit(false);
    s.feed.catchUp();
    await s.settle();
    expect(s.sent).toEqual([1, 2]);
  });

  it('says so when an announced event cannot be found, instead of leaving a gap', async () => {
    const s = story(0);
    s.announceAgain(5);
    await s.settle();
    expect(String(s.failure())).toContain('event 5');
    expect(s.sent).toEqual([]);
  });

  it('sends nothing after it was closed', async () => {
    const s = story(0);
    for (let n = 0; n < 10; n += 1) s.commit(false);
    s.feed.catchUp();
    s.feed.close();
    s.commit(true);
    await s.settle();
    expect(s.sent).toEqual([]);
  });

  it('links every frame to the one before', () => {
    const frame = contentOf(accountFrame('account', anEvent(7), uncounted).bytes);
    expect(frame).toEqual({
      ch: 'account',
      key: 'account',
      type: 'update',
      epoch: 'log',
      seq: 7,
      prevSeq: 6,
      ts: '2023-01-01T00:00:00.000Z',
      data: anEvent(7),
    });
  });
});
