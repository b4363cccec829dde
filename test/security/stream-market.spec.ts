import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Candles } from '../../src/data/contract/candles.js';
import { dataProblem } from '../../src/data/contract/errors.js';
import { Instruments } from '../../src/data/contract/instruments.js';
import { Market } from '../../src/data/contract/quotes.js';
import { EventBus } from '../../src/kernel/events.js';
import { Predictions } from '../../src/ml/contract/predictions.js';
import { adminPassword, startGateway, type GatewayProcess } from './gateway-process.js';
import { StreamListener } from './stream-client.js';

const btc = 'BTC-USD.SIM';
let gateway: GatewayProcess;
let token: string;
const open: StreamListener[] = [];

beforeAll(async () => {
  gateway = await startGateway({
    config: { limitAddress: '10000/10' },
  });
  gateway.fakes
    .answer(Instruments, 'get', ({ id }) => {
      if (!id.endsWith('.SIM'))
        throw dataProblem('DATA_UNKNOWN_INSTRUMENT', { detail: `no instrument ${id}` });
      return { id };
    })
    .answer(Market, 'quote', ({ instrument }) => {
      if (instrument === 'NEW-USD.SIM') throw dataProblem('DATA_NO_QUOTE', { detail: 'none yet' });
      return { instrument, bid: '99', ask: '101', mark: '100', last: '100' };
    })
    .answer(Market, 'trades', () => ({ items: [{ id: 't0', price: '100' }], nextCursor: null }))
    .answer(Candles, 'list', ({ timeframe }) => ({
      items: [{ instrument: btc, timeframe, time: '2023-01-01T00:00:00.000Z', closed: true, close: '100' }],
      nextCursor: null,
    }))
    .answer(Predictions, 'list', () => ({ items: [], nextCursor: null }));
  token = (await gateway.client.login('admin', adminPassword)).body.accessToken;
});
afterAll(() => gateway?.stop());
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
});

async function connect(): Promise<StreamListener> {
  const listener = await StreamListener.open(gateway.url);
  open.push(listener);
  await listener.authenticate(token);
  return listener;
}

const bus = (): EventBus => gateway.app.get(EventBus);

async function batch(over: object = {}, session = 'live'): Promise<void> {
  await bus().publish({
    type: 'data.market-batch',
    key: `${session}:${btc}`,
    timeMs: 1_672_531_200_000,
    session,
    data: {
      instrument: btc,
      trades: [],
      quote: { bid: '100', bidSize: '1', ask: '102', askSize: '2' },
      ...over,
    },
  });
}

async function candle(
  type: 'data.candle-updated' | 'data.candle-closed',
  openTimeMs: number,
  close: string,
): Promise<void> {
  await bus().publish({
    type,
    key: `live:${btc}:1m`,
    timeMs: openTimeMs + 30_000,
    session: 'live',
    data: {
      instrument: btc,
      timeframe: '1m',
      openTimeMs,
      open: '1',
      high: '2',
      low: '1',
      close,
      volume: '3',
    },
  });
}

describe('market channels', () => {
  it('begin with a snapshot and go on without a gap', async () => {
    const listener = await connect();
    const subscribed = await listener.subscribe('q', 'quotes', { instrument: btc });
    for (let n = 0; n < 20; n += 1)
      await batch({ quote: { bid: String(100 + n), bidSize: '1', ask: '130', askSize: '1' } });
    await listener.wait(() => listener.frames('quotes').length === 21);
    const [snapshot, ...updates] = listener.frames('quotes');
    expect(snapshot).toMatchObject({
      ch: 'quotes',
      key: btc,
      type: 'snapshot',
      seq: subscribed.seq,
      data: { mark: '100' },
    });
    updates.forEach((frame, n) => {
      expect(frame).toMatchObject({
        type: 'update',
        epoch: subscribed.epoch,
        prevSeq: subscribed.seq + n,
        seq: subscribed.seq + n + 1,
      });
    });
    expect(updates[19].data).toMatchObject({
      instrument: btc,
      bid: '119',
      ask: '130',
      mark: '124.5',
      stale: false,
    });
    expect(updates[19].ts).toBe('2023-01-01T00:00:00.000Z');
  });

  it('number the same for everybody, and start the newcomer at the newest', async () => {
    const [first, second] = [await connect(), await connect()];
    await first.subscribe('q', 'quotes', { instrument: btc });
    await batch();
    await batch();
    const late = await second.subscribe('q', 'quotes', { instrument: btc });
    expect(late.seq).toBe(2);
    await batch({ quote: { bid: '7', bidSize: '1', ask: '9', askSize: '1' } });
    await first.wait(() => first.frames('quotes').length === 4);
    await second.wait(() => second.frames('quotes').length === 2);
    expect(second.frames('quotes')[0]).toMatchObject({ type: 'snapshot', seq: 2, data: { bid: '100' } });
    expect(second.frames('quotes')[1]).toEqual(first.frames('quotes')[3]);
  });

  it('never show what a replay plays', async () => {
    const listener = await connect();
    await listener.subscribe('q', 'quotes', { instrument: btc });
    await batch({ quote: { bid: '1', bidSize: '1', ask: '2', askSize: '1' } }, '01REPLAY');
    await batch();
    await listener.wait(() => listener.frames('quotes').length === 2);
    expect(listener.frames('quotes')[1]).toMatchObject({ seq: 1, data: { bid: '100' } });
  });

  it('show candles as they form and close, and never open a closed one again', async () => {
    const listener = await connect();
    await listener.subscribe('c', 'candles', { instrument: btc, timeframe: '1m' });
    const at = 1_672_531_200_000 + 60_000;
    await candle('data.candle-updated', at, '1.5');
    await candle('data.candle-closed', at, '1.6');
    await candle('data.candle-updated', at, '1.4');
    await candle('data.candle-updated', at + 60_000, '1.7');
    await listener.wait(() => listener.frames('candles').length === 4);
    expect(
      listener.frames('candles').map(({ type, data }) => [type, data.time, data.close, data.closed]),
    ).toEqual([
      ['snapshot', '2023-01-01T00:00:00.000Z', '100', true],
      ['update', '2023-01-01T00:01:00.000Z', '1.5', false],
      ['update', '2023-01-01T00:01:00.000Z', '1.6', true],
      ['update', '2023-01-01T00:02:00.000Z', '1.7', false],
    ]);
  });

  it('show trades in lists and books whole', async () => {
    const listener = await connect();
    await listener.subscribe('t', 'trades', { instrument: btc });
    const trade = { id: 't1', price: '101', quantity: '2', side: 'buy', timeMs: 1_672_531_200_000 };
    await batch({ trades: [trade, { ...trade, id: 't2' }] });
    await listener.wait(() => listener.frames('trades').length === 2);
    expect(listener.frames('trades')[0].data).toEqual([{ id: 't0', price: '100' }]);
    expect(listener.frames('trades')[1].data.map((t: any) => t.id)).toEqual(['t1', 't2']);
    const late = await connect();
    await late.subscribe('t', 'trades', { instrument: btc });
    await late.wait(() => late.frames('trades').length === 1);
    expect(late.frames('trades')[0].data.map((t: any) => t.id)).toEqual(['t0', 't1', 't2']);
  });

  it('make each frame once, however many clients it goes to', async () => {
    const readers = await Promise.all(Array.from({ length: 12 }, connect));
    for (const reader of readers) await reader.subscribe('q', 'quotes', { instrument: btc });
    const made = (): number => gateway.metrics.sum('gateway_stream_serialised_total', { channel: 'quotes' });
    const sent = (): number => gateway.metrics.sum('gateway_stream_frames_total', { channel: 'quotes' });
    const before = { made: made(), sent: sent() };
    for (let n = 0; n < 10; n += 1)
      await batch({ quote: { bid: String(n + 1), bidSize: '1', ask: '130', askSize: '1' } });
    for (const reader of readers) await reader.wait(() => reader.frames('quotes').length === 11);
    expect(made() - before.made).toBe(10);
    expect(sent() - before.sent).toBe(120);
  });

  it('come in a slower rhythm to whoever asks for it, without a gap and with the newest at the end', async () => {
    const [calm, quick] = [await connect(), await connect()];
    await calm.subscribe('q', 'quotes', { instrument: btc, conflateMs: 100 });
    await quick.subscribe('q', 'quotes', { instrument: btc });
    for (let n = 1; n <= 60; n += 1) {
      await batch({ quote: { bid: String(n), bidSize: '1', ask: '130', askSize: '1' } });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await calm.wait(() => calm.frames('quotes').at(-1).data.bid === '60');
    const frames = calm.frames('quotes');
    expect(frames.length).toBeLessThan(quick.frames('quotes').length / 3);
    frames.forEach((frame, n) => {
      if (n > 0) expect(frame).toMatchObject({ type: 'update', prevSeq: frames[n - 1].seq });
    });
    expect(frames.at(-1).seq).toBe(quick.frames('quotes').at(-1).seq);
  });

  it('show predictions as REST does', async () => {
    const listener = await connect();
    await listener.subscribe('p', 'predictions', { instrument: btc, timeframe: '5m' });
    expect((await listener.until(({ ch }) => ch === 'predictions')).data).toBeNull();
    await bus().publish({
      type: 'ml.prediction-made',
      key: `live:${btc}:5m`,
      timeMs: 1_672_531_200_000,
      session: 'live',
      data: {
        instrument: btc,
        timeframe: '5m',
        candleTimeMs: 1_672_531_200_000,
        close: '1',
        horizon: 12,
        probabilityUp: 0.55,
        expectedReturn: 0.001,
        expectedVolatility: 0.002,
        trustOk: false,
        trustReasons: ['gates_failed'],
        model: 'direction',
        modelVersion: '1',
      },
    });
    await listener.wait(() => listener.frames('predictions').length === 2);
    expect(listener.frames('predictions')[1].data).toMatchObject({
      candleTime: '2023-01-01T00:00:00.000Z',
      probabilityUp: 0.55,
      trust: { ok: false, reasons: ['gates_failed'] },
    });
  });

  it('wait for what there is not yet, and refuse what there is not at all', async () => {
    const listener = await connect();
    expect((await listener.subscribe('1', 'quotes', { instrument: 'NEW-USD.SIM' })).op).toBe('subscribed');
    expect((await listener.until(({ ch }) => ch === 'quotes')).data).toBeNull();
    const refusals: [string, object, string][] = [
      ['quotes', { instrument: 'NOPE-USD.NOWHERE' }, 'DATA_UNKNOWN_INSTRUMENT'],
      ['quotes', {}, 'STREAM_MESSAGE_INVALID'],
      ['candles', { instrument: btc }, 'STREAM_MESSAGE_INVALID'],
      ['candles', { instrument: btc, timeframe: '7m' }, 'STREAM_MESSAGE_INVALID'],
      ['weather', {}, 'STREAM_CHANNEL_UNKNOWN'],
      ['account', { accountId: '../x' }, 'STREAM_MESSAGE_INVALID'],
    ];
    for (const [n, [channel, params, code]] of refusals.entries()) {
      expect(await listener.subscribe(`r${n}`, channel, params)).toMatchObject({ op: 'error', code });
    }
    expect(gateway.metrics.sum('gateway_stream_topics')).toBe(1);
  });

  it('stop when unsubscribed, and are forgotten when nobody listens', async () => {
    const listener = await connect();
    await listener.subscribe('q', 'quotes', { instrument: btc });
    listener.say({ op: 'unsubscribe', id: 'q' });
    await listener.until(({ op }) => op === 'unsubscribed');
    await batch();
    expect(listener.frames('quotes')).toHaveLength(1);
    expect(gateway.metrics.sum('gateway_stream_topics')).toBe(0);
    expect((await listener.subscribe('q2', 'quotes', { instrument: btc })).seq).toBe(0);
  });
});
