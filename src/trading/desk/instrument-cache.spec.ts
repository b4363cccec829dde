import { beforeEach, describe, expect, it } from 'vitest';
import { SilentLog } from '../../kernel/log.js';
import { Clock } from '../../kernel/time.js';
import { btc, FakeInstruments } from '../../../test/support/trading-desk.js';
import { Market, type OrderBook, type Quote, type Trade } from '../../data/contract/quotes.js';
import type { Page } from '../../kernel/page.js';
import { SessionMarket } from '../marks/session-market.js';
import { TradingConfig } from '../trading.config.js';
import { InstrumentCache } from './instrument-cache.service.js';

class HandClock extends Clock {
  ms = 1_000_000;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

class OneQuote extends Market {
  asked = 0;
  async quote({ instrument }: { instrument: string }): Promise<Quote> {
    this.asked += 1;
    if (this.asked === 1) throw new Error('not yet');
    const time = '2024-05-01T12:00:00.000Z';
    return {
      instrument,
      bid: '99',
      bidSize: '1',
      ask: '101',
      askSize: '1',
      last: '100',
      mark: '100',
      time,
      ageMs: 0,
      stale: false,
    };
  }
  async orderBook(): Promise<OrderBook> {
    throw new Error('nobody asks');
  }
  async trades(): Promise<Page<Trade>> {
    throw new Error('nobody asks');
  }
}

class Flaky extends FakeInstruments {
  asked = 0;
  down = false;
  override async get(query: { id: string }) {
    this.asked += 1;
    if (this.down) throw new Error('connection refused');
    return super.get(query);
  }
}

describe('the rules of instruments', () => {
  let clock: HandClock;
  let instruments: Flaky;
  let market: OneQuote;
  const cache = (instrumentAgeMs: number) =>
    new InstrumentCache(instruments, market, clock, new TradingConfig({ instrumentAgeMs }), new SilentLog());
  beforeEach(() => {
    clock = new HandClock();
    instruments = new Flaky();
    market = new OneQuote();
  });
  const ids = new Set([btc]);

  it('are asked for again once they are older than allowed', async () => {
    const rules = cache(100);
    await rules.refresh(ids);
    clock.ms += 99;
    await rules.refresh(ids);
    expect(instruments.asked).toBe(1);
    clock.ms += 1;
    await rules.refresh(ids);
    expect(instruments.asked).toBe(2);
    expect(rules.instrument(btc)).toMatchObject({ base: 'BTC', quote: 'USD', settlement: 'exchange' });
  });

  it('are gone when the market module knows the instrument no more', async () => {
    const rules = cache(0);
    await rules.refresh(ids);
    instruments.byId.clear();
    await rules.refresh(ids);
    expect(rules.instrument(btc)).toBeNull();
  });

  it('outlast a market module that does not answer for a minute, and no longer', async () => {
    const rules = cache(0);
    await rules.refresh(ids);
    instruments.down = true;
    clock.ms += 60_000;
    await rules.refresh(ids);
    expect(rules.instrument(btc)).not.toBeNull();
    clock.ms += 1;
    await expect(rules.refresh(ids)).rejects.toThrow('connection refused');
  });

  it('come with a first price, asked for at most once a second', async () => {
    const rules = cache(0);
    const session = new SessionMarket('live');
    await rules.prime(session, btc);
    await rules.prime(session, btc);
    expect(market.asked).toBe(1);
    expect(session.known(btc)).toBeNull();
    clock.ms += 1000;
    await rules.prime(session, btc);
    expect(session.known(btc)?.mark?.toString()).toBe('100');
  });
});
