import { expect, it } from 'vitest';
import { Feed, Feeds } from '../../../src/data/contract/feeds.js';
import { describePort } from '../support/both-ways.js';
import { operator, type House } from '../support/house.js';
import { expectProblem, expectShape, expectShapes } from '../support/promises.js';

const sim = { principal: operator, id: 'sim' };

export function feedsSuite(house: () => House): void {
  describePort(
    'data.feeds',
    Feeds,
    () => ({ port: house().get(Feeds) }),
    (subject) => {
      it('lists the configured feeds with what they carry, and runs them from the start', async () => {
        const { port } = subject();
        const messages = async (): Promise<number> => (await port.list({}))[0].messages;
        await expect.poll(messages, { timeout: 10_000 }).toBeGreaterThan(0);
        const feeds = await port.list({});
        expectShapes(Feed, feeds);
        expect(feeds).toHaveLength(1);
        expect(feeds[0]).toMatchObject({
          id: 'sim',
          state: 'running',
          instruments: ['BTC-USD.SIM', 'ETH-USD.SIM', 'SOL-USD.SIM'],
          reconnects: 0,
          lastError: null,
        });
      });

      it('stops a feed and starts it again, and takes a second word for what is so already', async () => {
        const { port } = subject();
        for (const [act, state] of [
          ['stop', 'stopped'],
          ['stop', 'stopped'],
          ['start', 'running'],
          ['start', 'running'],
        ] as const) {
          const feed = await port[act](sim);
          expectShape(Feed, feed);
          expect([act, feed.state]).toEqual([act, state]);
          expect((await port.list({})).map((one) => one.state)).toEqual([state]);
        }
      });

      it('hears nothing of a feed that is stopped', async () => {
        const { port } = subject();
        const { messages } = await port.stop(sim);
        await new Promise((wake) => setTimeout(wake, 400));
        expect((await port.list({}))[0]).toMatchObject({ state: 'stopped', messages });
        await port.start(sim);
      });

      it('knows no feed that is not configured', async () => {
        const { port } = subject();
        await expectProblem(port.start({ ...sim, id: 'nope' }), 'DATA_FEED_UNKNOWN');
        await expectProblem(port.stop({ ...sim, id: 'nope' }), 'DATA_FEED_UNKNOWN');
      });
    },
  );
}
