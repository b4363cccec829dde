import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { marketFile, needsMarket } from '../../../test/support/market.js';
import { fillEntries, sums } from '../ledger/ledger.js';
import { applyFill, flatPosition } from './position.js';

const what = 'real Binance futures order sessions (src/trading/positions/binance-sessions.spec.ts)';

/** Numbers as the file spells them: they were floats of at most eight digits when they were written. */
const read = (value: number): Decimal => Decimal.fromFloat(value, 8);

interface Event {
  eventType: string;
  transactionTime?: number;
  transactionId?: number;
  order?: Record<string, any>;
  updateData?: {
    updatedBalances: { asset: string; walletBalance: number }[];
    updatedPositions: { positionAmount: number; entryPrice: number }[];
  };
}

describe.runIf(needsMarket(what))('real Binance futures sessions', () => {
  const { sessions } = JSON.parse(
    readFileSync(marketFile('vectors/binance_usdm_real_order_sessions.json'), 'utf8'),
  ) as { sessions: { file: string; events: Event[] }[] };

  it.each(sessions)('agree with our positions and ledger, fill by fill: $file', ({ events, file }) => {
    let position = flatPosition('BNB-USDT-PERP.BINANCE');
    let wallet: Decimal | null = null;
    let fills = 0;
    let agreed = 0;
    for (const [n, event] of events.entries()) {
      if (event.updateData && wallet === null)
        wallet = read(event.updateData.updatedBalances[0].walletBalance);
      if (event.order?.executionType !== 'TRADE') continue;
      fills += 1;
      const { order } = event;
      const side: 'buy' | 'sell' = order.orderSide === 'BUY' ? 'buy' : 'sell';
      const [price, quantity] = [read(order.lastFilledPrice), read(order.lastFilledQuantity)];
      const fee = read(order.commissionAmount);
      const result = applyFill(position, { side, price, quantity, fee, feePaidIn: 'quote', timeMs: 0 });
      position = result.position;
      const entries = fillEntries({
        base: 'BNB',
        quote: 'USDT',
        settlement: 'contract',
        side,
        price,
        quantity,
        fee,
        feeAsset: 'USDT',
        realisedPnl: result.realisedPnl,
      });
      for (const sum of sums(entries).values()) expect(sum.toString()).toBe('0');
      wallet = wallet!.plus(
        sums(entries.filter((entry) => entry.account === 'cash')).get('USDT') ?? Decimal.zero,
      );
      // Binance announces the balances of a fill right before the fill itself.
      const told = events[n - 1].updateData!;
      expect(result.realisedPnl.toString()).toBe(read(order.realisedProfit).toString());
      expect(wallet.toString()).toBe(read(told.updatedBalances[0].walletBalance).toString());
      expect(position.quantity.toString()).toBe(read(told.updatedPositions[0].positionAmount).toString());
      expect(position.averagePrice.toString()).toBe(read(told.updatedPositions[0].entryPrice).toString());
      agreed += 1;
    }
    console.log(
      `${file}: ${agreed} of ${fills} fills agree in wallet, position, entry price and realised P&L`,
    );
    expect(fills).toBeGreaterThan(0);
    expect(position.quantity.eq(d('0'))).toBe(true);
  });
});
