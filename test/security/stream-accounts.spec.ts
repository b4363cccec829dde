import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Instruments } from '../../src/data/contract/instruments.js';
import { Market } from '../../src/data/contract/quotes.js';
import { EventBus } from '../../src/kernel/events.js';
import { toRfc3339 } from '../../src/kernel/time.js';
import { Portfolio, type AccountEventItem } from '../../src/trading/contract/portfolio.js';
import type { Client } from '../support/client.js';
import { ownedAccounts } from './fake-ports.js';
import { adminPassword, startGateway, type GatewayProcess } from './gateway-process.js';
import { StreamListener } from './stream-client.js';

const mine = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const theirs = '01ARZ3NDEKTSV4RRFFQ69G5FAW';
const bufferBytesMax = 262_144;

let gateway: GatewayProcess;
let admin: Client;
let token: string;
const log: AccountEventItem[] = [];
const open: StreamListener[] = [];

beforeAll(async () => {
  gateway = await startGateway({
    config: { limitAddress: '10000/10', streamBufferBytesMax: bufferBytesMax },
  });
  admin = await gateway.signedIn();
  token = (await admin.login('admin', adminPassword)).body.accessToken;
  const { body } = await admin.get('/v1/auth/me');
  ownedAccounts(gateway.fakes, { [mine]: body.id, [theirs]: 'somebody-else' });
  gateway.fakes
    .answer(Portfolio, 'events', ({ since = 0, limit = 100 }) => ({
      items: log.filter(({ seq }) => seq > since).slice(0, limit),
      lastSeq: log.length,
    }))
    .answer(Instruments, 'get', ({ id }) => ({ id }))
    .answer(Market, 'quote', ({ instrument }) => ({ instrument, mark: '1' }));
});
afterAll(() => gateway?.stop());
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
  log.length = 0;
});

async function connect(): Promise<StreamListener> {
  const listener = await StreamListener.open(gateway.url);
  open.push(listener);
  await listener.authenticate(token);
  return listener;
}

/** Commits an event and, unless the message gets lost, announces it. */
async function happens(type: string, announced = true, padding = ''): Promise<void> {
  const timeMs = 1_672_531_200_000 + log.length;
  const event = { seq: log.length + 1, type, time: toRfc3339(timeMs), data: { type, padding } };
  log.push(event);
  if (!announced) return;
  await gateway.app.get(EventBus).publish({
    type: 'trading.account-changed',
    key: mine,
    timeMs,
    session: 'live',
    data: { accountId: mine, owner: 'x', seq: event.seq, type, timeMs, data: event.data },
  });
}

const seqs = (listener: StreamListener): number[] => listener.frames('account').map(({ seq }) => seq);
const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);

describe('the account channel', () => {
  it('carries exactly the events of the log', async () => {
    const listener = await connect();
    await happens('account-opened');
    expect(await listener.subscribe('a', 'account', { accountId: mine })).toMatchObject({
      op: 'subscribed',
      seq: 1,
      epoch: 'log',
    });
    await happens('order-accepted');
    await listener.wait(() => seqs(listener).length === 1);
    const [frame] = listener.frames('account');
    expect(frame).toMatchObject({ key: mine, type: 'update', seq: 2, prevSeq: 1, data: log[1] });
  });

  it('is unknown to whoever does not own the account, as for REST', async () => {
    const listener = await connect();
    expect(await listener.subscribe('a', 'account', { accountId: theirs })).toMatchObject({
      op: 'error',
      code: 'TRADING_ACCOUNT_UNKNOWN',
    });
  });

  it('resumes from the last event a client has, over many pages, while more happens', async () => {
    for (let n = 0; n < 1_200; n += 1) await happens('fill', false);
    const listener = await connect();
    listener.say({ op: 'subscribe', id: 'a', channel: 'account', params: { accountId: mine, since: 100 } });
    for (let n = 0; n < 50; n += 1) await happens('fill');
    await listener.wait(() => seqs(listener).at(-1) === 1_250);
    expect(seqs(listener)).toEqual(upTo(101, 1_250));
  });

  it('leaves no gap when announcements get lost', async () => {
    const listener = await connect();
    await listener.subscribe('a', 'account', { accountId: mine, since: 0 });
    for (let n = 0; n < 30; n += 1) await happens('fill', n % 3 === 0);
    await happens('last');
    await listener.wait(() => seqs(listener).at(-1) === 31);
    expect(seqs(listener)).toEqual(upTo(1, 31));
  });

  it('treats a number from the future as the newest there is', async () => {
    await happens('account-opened');
    const listener = await connect();
    expect((await listener.subscribe('a', 'account', { accountId: mine, since: 999 })).seq).toBe(1);
    await happens('order-accepted');
    await listener.wait(() => seqs(listener).length === 1);
    expect(seqs(listener)).toEqual([2]);
  });
});

describe('a client that reads too slowly', () => {
  it('is closed with 4008 before an account event is dropped, and misses nothing when it resumes', async () => {
    const listener = await connect();
    await listener.subscribe('a', 'account', { accountId: mine, since: 0 });
    listener.socket.pause();
    const padding = 'x'.repeat(20_000);
    const closedBefore = gateway.metrics.sum('gateway_stream_closed_total', { reason: 'too-slow' });
    for (
      let n = 0;
      gateway.metrics.sum('gateway_stream_closed_total', { reason: 'too-slow' }) === closedBefore;
      n += 1
    ) {
      expect(n, 'a client that reads nothing was never closed').toBeLessThan(5_000);
      await happens('fill', true, padding);
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(gateway.metrics.sum('gateway_stream_unsent_bytes')).toBeGreaterThan(bufferBytesMax);
    listener.socket.resume();
    expect((await listener.untilClosed()).code).toBe(4008);
    const got = seqs(listener);
    expect(got).toEqual(upTo(1, got.length));
    const again = await connect();
    await again.subscribe('a', 'account', { accountId: mine, since: got.length });
    await again.wait(() => seqs(again).at(-1) === log.length, 10_000);
    expect([...got, ...seqs(again)]).toEqual(upTo(1, log.length));
  });

  it('gets one fresh snapshot of the market instead of all it missed', async () => {
    const [slow, quick] = [await connect(), await connect()];
    for (const listener of [slow, quick])
      await listener.subscribe('q', 'quotes', { instrument: 'BTC-USD.SIM' });
    slow.socket.pause();
    const conflated = (): number =>
      gateway.metrics.sum('gateway_stream_conflated_total', { channel: 'quotes' });
    const size = 'x'.repeat(5_000);
    let last = 0;
    while (conflated() < 50) {
      last += 1;
      expect(last, 'a client that reads nothing was never conflated').toBeLessThan(20_000);
      const bid = String(last);
      await gateway.app.get(EventBus).publish({
        type: 'data.market-batch',
        key: 'live:BTC-USD.SIM',
        timeMs: 1_672_531_200_000,
        session: 'live',
        data: {
          instrument: 'BTC-USD.SIM',
          trades: [],
          quote: { bid, bidSize: size, ask: bid, askSize: '1' },
        },
      });
      if (last % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await quick.wait(() => quick.frames('quotes').at(-1)?.seq === last, 10_000);
    slow.socket.resume();
    await slow.wait(() => slow.frames('quotes').at(-1)?.seq === last, 10_000);
    const frames = slow.frames('quotes');
    expect(frames.length).toBeLessThan(last);
    expect(frames.at(-1)).toMatchObject({ type: 'snapshot', seq: last, data: { bid: String(last) } });
    // Whatever is not a snapshot follows on the frame before it.
    frames.forEach((frame, n) => {
      if (n > 0) expect(frame.type === 'snapshot' || frame.prevSeq === frames[n - 1].seq).toBe(true);
    });
    expect(quick.frames('quotes')).toHaveLength(last + 1);
  });
});
