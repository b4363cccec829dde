import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse, HandClock } from '../../../test/support/data-house.js';
import { roomFor } from '../../../test/support/partitions.js';
import { toRfc3339 } from '../../kernel/time.js';
import { Instruments } from '../contract/instruments.js';
import { Market, type TradeQuery } from '../contract/quotes.js';
import { MarketService } from './market.service.js';

const btc = 'BTC-USD.SIM';
const eth = 'ETH-USD.SIM';
const t0 = Date.parse('2024-03-05T12:00:00Z');
const quote = { bid: '100.01', bidSize: '2', ask: '100.04', askSize: '3' };

describe('the market as it was last seen', () => {
  let house: DataHouse;
  const clock = new HandClock(t0);
  beforeAll(async () => {
    house = await aDataHouse({ clock, config: { quoteStaleMs: 30_000 } });
  });
  afterAll(() => house.close());
  const market = (): Market => house.get(Market);

  it('is not there before it was seen, and says where it would come from', async () => {
    await expect(market().quote({ instrument: btc })).rejects.toMatchObject({ code: 'DATA_NO_QUOTE' });
    await expect(market().orderBook({ instrument: btc })).rejects.toMatchObject({ code: 'DATA_NO_QUOTE' });
    await expect(market().quote({ instrument: 'X-Y.Z' })).rejects.toMatchObject({
      code: 'DATA_UNKNOWN_INSTRUMENT',
    });
  });

  it('has its mark in the exact middle, and ages until it is stale', async () => {
    house.get(MarketService).observe({ instrument: btc, quote, timeMs: t0 - 200, feedNowMs: t0 });
    expect(await market().quote({ instrument: btc })).toEqual({
      instrument: btc,
      ...quote,
      last: null,
      mark: '100.025',
      time: toRfc3339(t0 - 200),
      ageMs: 200,
      stale: false,
    });
    clock.timeMs += 29_800;
    expect(await market().quote({ instrument: btc })).toMatchObject({ ageMs: 30_000, stale: false });
    clock.timeMs += 1;
    expect(await market().quote({ instrument: btc })).toMatchObject({ stale: true });
  });

  it('keeps what a later sight does not mention', async () => {
    house
      .get(MarketService)
      .observe({ instrument: btc, last: '100.03', timeMs: t0 + 40_000, feedNowMs: t0 + 40_000 });
    expect(await market().quote({ instrument: btc })).toMatchObject({
      bid: '100.01',
      last: '100.03',
      mark: '100.025',
      stale: false,
    });
  });

  it('is marked by its last trade when there is no quote', async () => {
    house.get(MarketService).observe({ instrument: eth, last: '3400.5', timeMs: t0, feedNowMs: t0 });
    expect(await market().quote({ instrument: eth })).toMatchObject({ bid: null, ask: null, mark: '3400.5' });
  });

  it('shows as deep a book as asked for', async () => {
    const bids: [string, string][] = [
      ['3', '1'],
      ['2', '1'],
      ['1', '1'],
    ];
    const asks: [string, string][] = [
      ['4', '1'],
      ['5', '1'],
    ];
    house
      .get(MarketService)
      .observe({ instrument: btc, book: { bids, asks }, quote, timeMs: t0, feedNowMs: t0 });
    expect(await market().orderBook({ instrument: btc, depth: 2 })).toEqual({
      instrument: btc,
      time: toRfc3339(t0),
      bids: bids.slice(0, 2),
      asks,
    });
    expect((await market().orderBook({ instrument: btc })).bids).toHaveLength(3);
  });
});

describe('stored trades', () => {
  let house: DataHouse;
  const clock = new HandClock(t0);
  const own = 'BTC-USDT.BINANCE';
  beforeAll(async () => {
    house = await aDataHouse({ clock });
    const rules = {
      tickSize: '0.01',
      lotSize: '0.00001',
      minimumQuantity: '0',
      minimumNotional: '0',
      makerFee: '0',
      takerFee: '0',
      status: 'trading',
    };
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id: own, rules });
    await roomFor(house.database, { fromMs: t0 - 90_000_000, toMs: t0 });
    // Two trades a second, of which the first has the higher id.
    await house.database.query(
      `INSERT INTO data.trades SELECT i, $2::bigint - 90000000 + n / 2 * 1000, (1000 - n)::text, n % 2, n + 1, 1, 'buy'
       FROM generate_series(0, 9) AS n, unnest($1::text[]) AS i`,
      [[btc, own], t0],
    );
  });
  afterAll(() => house.close());
  const list = (query: Partial<TradeQuery> = {}): ReturnType<Market['trades']> =>
    house.get(Market).trades({ instrument: own, ...query });
  async function pages(query: Partial<TradeQuery>): Promise<string[][]> {
    const all: string[][] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Awaited<ReturnType<Market['trades']>> = await list({
        ...query,
        ...(cursor ? { cursor } : {}),
      });
      all.push(page.items.map(({ price }) => price));
      cursor = page.nextCursor;
    }
    return all;
  }

  it('come in the order they happened, those of one moment as they arrived', async () => {
    const from = toRfc3339(t0 - 90_000_000);
    expect(await pages({ from, limit: 3 })).toEqual([
      ['1', '2', '3'],
      ['4', '5', '6'],
      ['7', '8', '9'],
      ['10'],
    ]);
    expect(await pages({ limit: 4 })).toEqual([
      ['7', '8', '9', '10'],
      ['3', '4', '5', '6'],
      ['1', '2'],
    ]);
    expect((await list({ from, limit: 1 })).items[0]).toEqual({
      instrument: own,
      id: '1000',
      time: from,
      price: '1',
      quantity: '1',
      side: 'buy',
    });
    expect(await pages({ from, to: toRfc3339(t0 - 90_000_000 + 1000) })).toEqual([['1', '2']]);
  });
});

describe('instruments', () => {
  let house: DataHouse;
  beforeAll(async () => {
    house = await aDataHouse();
  });
  afterAll(() => house.close());
  const principal = aPrincipal('operator');
  const rules = {
    tickSize: '0.010',
    lotSize: '0.00001',
    minimumQuantity: '0',
    minimumNotional: '5.0',
    makerFee: '0.001',
    takerFee: '0.001',
    status: 'trading',
  };

  it('begin with the simulated ones', async () => {
    const all = await house.get(Instruments).list({});
    expect(all.map(({ id }) => id)).toEqual(['BTC-USD.SIM', 'ETH-USD.SIM', 'SOL-USD.SIM']);
    expect(all[0]).toMatchObject({
      base: 'BTC',
      quote: 'USD',
      venue: 'SIM',
      tickSize: '0.01',
      lotSize: '0.00001',
      takerFee: '0.0005',
    });
  });

  it('are created and replaced, and outlive the process', async () => {
    const id = 'BTC-USDT-PERP.BINANCE';
    await house.get(Instruments).put({ principal, id, rules });
    const put = await house.get(Instruments).put({ principal, id, rules: { ...rules, status: 'paused' } });
    expect(put).toMatchObject({
      id,
      base: 'BTC',
      quote: 'USDT',
      venue: 'BINANCE',
      tickSize: '0.01',
      minimumNotional: '5',
      status: 'paused',
    });
    await house.stop();
    house = await aDataHouse({ after: house });
    expect(await house.get(Instruments).get({ id })).toEqual(put);
  });

  it.each([
    ['no id of an instrument', 'btcusd', {}],
    ['a tick of nothing', 'A-B.C', { tickSize: '0' }],
    ['a status nobody knows', 'A-B.C', { status: 'open' }],
    ['a fee below nothing', 'A-B.C', { makerFee: '-0.001' }],
  ])('are refused with %s', async (_what, id, change) => {
    const put = house.get(Instruments).put({ principal, id, rules: { ...rules, ...change } });
    await expect(put).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(house.get(Instruments).get({ id })).rejects.toMatchObject({
      code: 'DATA_UNKNOWN_INSTRUMENT',
    });
  });
});
