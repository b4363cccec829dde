import { describe, expect, it } from 'vitest';
import { SessionMarket } from './session-market.js';

const quote = (bid: string, ask: string) => ({ bid, bidSize: '1', ask, askSize: '1' });

function aMarket(quotes: Record<string, [string, string]>): SessionMarket {
  const session = new SessionMarket('live');
  for (const [instrument, [bid, ask]] of Object.entries(quotes)) {
    session.apply({ instrument, trades: [], quote: quote(bid, ask) }, 1000);
  }
  return session;
}

describe('what one asset is worth in another', () => {
  it('comes from the market between the two, either way round', () => {
    const market = aMarket({ 'BTC-USD.SIM': ['49999', '50001'] });
    expect(market.rate('BTC', 'USD')?.toString()).toBe('50000');
    expect(market.rate('USD', 'BTC')?.toString()).toBe('0.00002');
  });

  it('goes through a dollar where there is no direct market', () => {
    const market = aMarket({ 'BTC-USDT.BINANCE': ['50000', '50000'], 'ETH-USDT.BINANCE': ['2500', '2500'] });
    expect(market.rate('BTC', 'USD')?.toString()).toBe('50000');
    expect(market.rate('ETH', 'BTC')?.toString()).toBe('0.05');
  });

  it('counts dollars one to one only while nothing quotes them', () => {
    expect(aMarket({}).rate('USDT', 'USD')?.toString()).toBe('1');
    expect(
      aMarket({ 'USDT-USD.SIM': ['0.97', '0.99'] })
        .rate('USDT', 'USD')
        ?.toString(),
    ).toBe('0.98');
  });

  it('is unknown when nobody quotes it', () => {
    expect(aMarket({ 'BTC-USD.SIM': ['1', '1'] }).rate('XYZ', 'USD')).toBeNull();
  });
});

describe('the market of an instrument', () => {
  it('lets a newer quote overrule an older book', () => {
    const market = aMarket({}).of('BTC-USD.SIM');
    const book = {
      bids: [
        ['99', '1'],
        ['98', '1'],
      ],
      asks: [
        ['101', '1'],
        ['102', '1'],
      ],
    } as never;
    market.apply({ instrument: 'BTC-USD.SIM', trades: [], book }, 1000);
    market.apply({ instrument: 'BTC-USD.SIM', trades: [], quote: quote('98', '101.5') }, 2000);
    expect(market.levels('asks').map(({ price }) => price.toString())).toEqual(['101.5', '102']);
    expect(market.levels('bids').map(({ price }) => price.toString())).toEqual(['98']);
    expect(market.mark?.toString()).toBe('99.75');
  });

  it('gives up quotes that fell silent while trades went on, so that nobody fills at prices of the past', () => {
    const market = aMarket({}).of('BTC-USD.SIM');
    const trade = (timeMs: number): void =>
      market.apply(
        {
          instrument: 'BTC-USD.SIM',
          trades: [{ id: `${timeMs}`, price: '150', quantity: '1', side: 'buy', timeMs }],
        },
        timeMs,
      );
    market.apply({ instrument: 'BTC-USD.SIM', trades: [], quote: quote('99', '101') }, 60_000);
    trade(90_000);
    expect([market.hasBook, market.mark?.toString()]).toEqual([true, '100']);
    trade(90_001);
    expect([market.hasBook, market.mark?.toString()]).toEqual([false, '150']);
    expect(market.levels('asks')).toEqual([]);
    market.apply({ instrument: 'BTC-USD.SIM', trades: [], quote: quote('149', '151') }, 90_002);
    expect(market.mark?.toString()).toBe('150');
  });

  it('counts what traded in this minute and the one before', () => {
    const market = aMarket({}).of('BTC-USD.SIM');
    const trade = (timeMs: number, quantity: string): void =>
      market.apply(
        {
          instrument: 'BTC-USD.SIM',
          trades: [{ id: `${timeMs}`, price: '100', quantity, side: 'buy', timeMs }],
        },
        timeMs,
      );
    trade(30_000, '1');
    trade(70_000, '2');
    expect(market.tradedQuantity.toString()).toBe('3');
    trade(130_000, '4');
    expect(market.tradedQuantity.toString()).toBe('6');
    trade(600_000, '1');
    expect(market.tradedQuantity.toString()).toBe('1');
  });

  it('never steps back in time', () => {
    const market = aMarket({ 'BTC-USD.SIM': ['1', '1'] });
    market.apply({ instrument: 'BTC-USD.SIM', trades: [], quote: quote('2', '2') }, 500);
    expect(market.nowMs).toBe(1000);
    expect(market.of('BTC-USD.SIM').timeMs).toBe(1000);
  });
});
