import { describe, expect, it } from 'vitest';
import { aBook, aTrade, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import { liveSession } from '../../kernel/events.js';
import type { MarketCommand } from './market-step.js';

function start(): TestAccount {
  const account = new TestAccount({ type: 'margin' });
  account.market({ book: aBook('100') });
  return account;
}

describe('a market nobody should believe', () => {
  it.each(['0', '0.00', '-1'])(
    'fills nobody, wakes no stop and moves no mark with a trade at %s',
    (price) => {
      const account = start();
      const buy = account.limit('buy', '1', '90');
      const stop = account.place({ side: 'sell', type: 'stop_market', triggerPrice: '80' });
      account.market({ book: { bids: [], asks: [] }, trades: [aTrade('100', '1', 'buy')] });
      account.market({ trades: [aTrade(price, '100', 'sell')] });
      expect(account.fills).toEqual([]);
      for (const { id } of [buy, stop]) expect(account.state.open.get(id)!.status).toBe('accepted');
      expect(account.place({ notional: '1000' }).quantity).toBe('10');
    },
  );

  it('plays no bar at no price, and the next one as ever', () => {
    const account = start();
    account.limit('buy', '1', '90');
    const bar = (low: string): void =>
      account.market({
        bar: { timeframe: '1m', openTimeMs: 0, open: '100', high: '101', low, close: '100', volume: '1000' },
      });
    bar('0');
    expect(account.fills).toEqual([]);
    bar('85');
    expect(account.fills).toEqual(['buy 1 @ 90']);
  });

  it('fills no one with quotes at nothing', () => {
    const account = start();
    account.limit('buy', '1', '90');
    account.market({ quote: { bid: '0', bidSize: '5', ask: '0', askSize: '5' } });
    expect(account.fills).toEqual([]);
    expect(() => account.place({ notional: '1000' })).toThrow(
      expect.objectContaining({ code: 'TRADING_MARK_STALE' }),
    );
  });

  it('is asked about losses again when its batch is done again, whatever was seen before', () => {
    const account = start();
    account.limits({ dailyLoss: '10' });
    account.place();
    const command: MarketCommand = {
      kind: 'market',
      session: liveSession,
      timeMs: account.clock.ms,
      data: { instrument: btc, trades: [], book: aBook('80') },
    };
    account.run(command);
    expect(account.state.latch.state).toBe('active');
    account.run(command);
    expect(account.state.latch.state).not.toBe('active');
  });
});
