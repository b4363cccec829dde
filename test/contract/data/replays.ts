import { expect, it } from 'vitest';
import { Replay, Replays, type StartReplay } from '../../../src/data/contract/replays.js';
import { Accounts } from '../../../src/trading/contract/accounts.js';
import { describePort } from '../support/both-ways.js';
import { aPrincipal, type House, operator } from '../support/house.js';
import { anInstrument, atBar, storeCandles, storeTrades } from '../support/market-past.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

let suites = 0;

export function replaysSuite(house: () => House): void {
  describePort(
    'data.replays',
    Replays,
    async () => {
      const owner = aPrincipal('trader', `replay-owner-${(suites += 1)}`);
      const instrument = await anInstrument(house());
      await storeCandles(house(), instrument, 30);
      await storeTrades(house(), instrument, 90);
      const account = await house()
        .get(Accounts)
        .create({
          principal: owner,
          account: { name: 'paper', mode: 'paper', baseCurrency: 'USD', initialBalances: { USD: '1000' } },
        });
      return { port: house().get(Replays), owner, instrument, accountId: account.id };
    },
    (subject) => {
      const start = (more: Partial<StartReplay> = {}): Promise<Replay> => {
        const { port, owner, instrument, accountId } = subject();
        const range = { from: atBar(0), to: atBar(30) };
        const replay = {
          instruments: [instrument],
          timeframe: '5m',
          ...range,
          accounts: [accountId],
          ...more,
        };
        return port.start({ principal: owner, replay });
      };
      const ended = async ({ id }: Replay): Promise<Replay> => {
        const { port, owner } = subject();
        await expect
          .poll(async () => (await port.get({ principal: owner, id })).state, {
            interval: 10,
            timeout: 15_000,
          })
          .not.toBe('running');
        return port.get({ principal: owner, id });
      };
      const session = async (): Promise<string> => {
        const { owner, accountId } = subject();
        return (await house().get(Accounts).get({ principal: owner, accountId })).session;
      };

      it('plays stored candles from the first to the last, on a clock of its own', async () => {
        const { instrument, accountId } = subject();
        const replay = await start({ from: atBar(2), to: atBar(12) });
        expectShape(Replay, replay);
        expect(replay).toMatchObject({
          state: 'running',
          from: atBar(2),
          to: atBar(12),
          now: atBar(2),
          played: 0,
        });
        const done = await ended(replay);
        expectShape(Replay, done);
        expect(done).toEqual({
          id: replay.id,
          state: 'succeeded',
          instruments: [instrument],
          timeframe: '5m',
          from: atBar(2),
          to: atBar(12),
          now: atBar(12),
          progress: 1,
          played: 10,
          accounts: [accountId],
          problem: null,
        });
      });

      it('plays stored trades when no timeframe is named', async () => {
        const done = await ended(await start({ timeframe: undefined, to: atBar(1) }));
        expectShape(Replay, done);
        expect(done).toMatchObject({ state: 'succeeded', timeframe: null, played: 30, problem: null });
      });

      it('holds its accounts until it ends, and stops when it is told to', async () => {
        const { port, owner } = subject();
        const replay = await start({ speed: '1' });
        await expect.poll(session).toBe(replay.id);
        const stopping = await port.stop({ principal: owner, id: replay.id });
        expectShape(Replay, stopping);
        const stopped = await ended(replay);
        expectShape(Replay, stopped);
        expect(stopped).toMatchObject({ state: 'canceled', problem: null });
        expect(stopped.played).toBeLessThan(30);
        await expect.poll(session).toBe('live');
        expect(await port.stop({ principal: owner, id: replay.id })).toEqual(stopped);
      });

      it('lists the own replays, newest first, page by page; operators see all', async () => {
        const { port, owner } = subject();
        await ended(await start({ to: atBar(1) }));
        const { items } = await port.list({ principal: owner });
        expectShapes(Replay, items);
        const ids = items.map(({ id }) => id);
        expect(ids.length).toBeGreaterThanOrEqual(4);
        expect(ids).toEqual(ids.toSorted().toReversed());
        const pages = await readPages((cursor) =>
          port.list({ principal: owner, limit: 1, ...(cursor ? { cursor } : {}) }),
        );
        expect(pages.flat()).toEqual(items);
        expect((await port.list({ principal: operator, limit: 4 })).items).toEqual(items.slice(0, 4));
      });

      it("does not know another trader's replay; an operator does", async () => {
        const { port } = subject();
        const replay = await ended(await start({ to: atBar(1) }));
        const stranger = aPrincipal('trader', 'nobody-here');
        for (const query of [
          { principal: stranger, id: replay.id },
          { principal: operator, id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
        ]) {
          await expectProblem(port.get(query), 'DATA_REPLAY_UNKNOWN');
          await expectProblem(port.stop(query), 'DATA_REPLAY_UNKNOWN');
        }
        expect(await port.list({ principal: stranger })).toEqual({ items: [], nextCursor: null });
        expect(await port.get({ principal: operator, id: replay.id })).toEqual(replay);
      });

      it.each(foreignCursors)('refuses the cursor %j', async (cursor) => {
        const { port, owner } = subject();
        await expectProblem(port.list({ principal: owner, cursor }), 'DATA_CURSOR_INVALID');
      });

      it('refuses ranges that hold nothing, instruments nobody knows and a market that stands still', async () => {
        const { instrument } = subject();
        const empty = start({ to: atBar(0) });
        await expectProblem(empty, 'DATA_RANGE_INVALID');
        await expectProblem(start({ from: atBar(500), to: atBar(600) }), 'DATA_REPLAY_INVALID', {
          instrument,
        });
        await expectProblem(start({ timeframe: '1h' }), 'DATA_REPLAY_INVALID', { instrument });
        await expectProblem(
          start({ instruments: [instrument, 'NOPE-USD.TEST'] }),
          'DATA_UNKNOWN_INSTRUMENT',
          {
            instrument: 'NOPE-USD.TEST',
          },
        );
        const still = await expectProblem(start({ speed: '0' }), 'DATA_REPLAY_INVALID');
        expect(still.content.errors).toEqual([{ pointer: '/speed', detail: expect.any(String) }]);
      });

      it('runs a bounded number at a time and says how many run', async () => {
        const { port, owner } = subject();
        const slow = [await start({ speed: '1' }), await start({ speed: '1', accounts: [] })];
        const { content } = await expectProblem(start(), 'DATA_TOO_MANY_JOBS', { running: 2, limit: 2 });
        expect(content.retryAfterSeconds).toBeGreaterThan(0);
        for (const { id } of slow) await port.stop({ principal: owner, id });
        for (const replay of slow) expect((await ended(replay)).state).toBe('canceled');
      });
    },
  );
}
