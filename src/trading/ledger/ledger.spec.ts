import { describe, expect, it } from 'vitest';
import { d } from '../../kernel/decimal.js';
import {
  balanced,
  balancesOf,
  type FillToBook,
  fillEntries,
  sums,
  transferEntries,
  resetEntries,
} from './ledger.js';

const aFill = (over: Partial<FillToBook> = {}): FillToBook => ({
  base: 'BTC',
  quote: 'USD',
  settlement: 'exchange',
  side: 'buy',
  price: d('50000'),
  quantity: d('0.1'),
  fee: d('0.0001'),
  feeAsset: 'BTC',
  realisedPnl: d('0'),
  ...over,
});
const owned = (entries: ReturnType<typeof fillEntries>) =>
  Object.fromEntries([...balancesOf(entries)].map(([asset, amount]) => [asset, amount.toString()]));

describe('the ledger', () => {
  it('swaps money for coins on a spot buy and takes the fee from the coins', () => {
    const entries = fillEntries(aFill());
    expect(owned(entries)).toEqual({ BTC: '0.0999', USD: '-5000' });
    expect([...sums(entries).values()].map(String)).toEqual(['0', '0']);
  });

  it('swaps coins for money on a sale and takes the fee from the money', () => {
    expect(owned(fillEntries(aFill({ side: 'sell', fee: d('5'), feeAsset: 'USD' })))).toEqual({
      BTC: '-0.1',
      USD: '4995',
    });
  });

  it('pays only what was realised, and the fee, on a derivative', () => {
    const entries = fillEntries(
      aFill({ settlement: 'contract', realisedPnl: d('12'), fee: d('2'), feeAsset: 'USD' }),
    );
    expect(owned(entries)).toEqual({ USD: '10' });
  });

  it('says for each entry where it comes from, where it goes and why', () => {
    const written = (over: Partial<FillToBook>) =>
      fillEntries(aFill(over)).map(
        ({ kind, account, asset, amount }) => `${kind} ${account} ${amount} ${asset}`,
      );
    expect(written({})).toEqual([
      'fill cash 0.1 BTC',
      'fill venue -0.1 BTC',
      'fill cash -5000 USD',
      'fill venue 5000 USD',
      'fee fees 0.0001 BTC',
      'fee cash -0.0001 BTC',
    ]);
    expect(written({ settlement: 'contract', realisedPnl: d('-3'), fee: d('2'), feeAsset: 'USD' })).toEqual([
      'fill cash -3 USD',
      'fill venue 3 USD',
      'fee fees 2 USD',
      'fee cash -2 USD',
    ]);
    const moved = (kind: 'deposit' | 'withdrawal') =>
      transferEntries(kind, 'USD', d('4')).map((entry) => `${entry.kind} ${entry.account} ${entry.amount}`);
    expect(moved('deposit')).toEqual(['deposit cash 4', 'deposit external -4']);
    expect(moved('withdrawal')).toEqual(['withdrawal external 4', 'withdrawal cash -4']);
  });

  it('writes nothing for what is zero', () => {
    expect(fillEntries(aFill({ settlement: 'contract', fee: d('0') }))).toEqual([]);
  });

  it('knows where deposits come from and withdrawals go to', () => {
    const both = [
      ...transferEntries('deposit', 'USD', d('10')),
      ...transferEntries('withdrawal', 'USD', d('4')),
    ];
    expect(owned(both)).toEqual({ USD: '6' });
    expect(
      sums(both.filter((entry) => entry.account === 'external'))
        .get('USD')
        ?.toString(),
    ).toBe('-6');
  });

  it('refuses a transaction that makes money', () => {
    const entries = [{ account: 'cash' as const, asset: 'USD', amount: d('1'), kind: 'fill' as const }];
    expect(() => balanced(entries)).toThrow('sums to zero per asset');
  });
});

describe('an account that begins again', () => {
  const balances = new Map([
    ['USD', d('900.5')],
    ['BTC', d('0.1')],
    ['ETH', d('0')],
  ]);
  const told = (way: 'out' | 'in'): string[] =>
    resetEntries(balances, way).map(
      ({ account, asset, amount, kind }) => `${kind} ${account} ${amount} ${asset}`,
    );

  it('pays out all it has, and in what it begins with', () => {
    expect(told('out')).toEqual([
      'reset external 900.5 USD',
      'reset cash -900.5 USD',
      'reset external 0.1 BTC',
      'reset cash -0.1 BTC',
    ]);
    expect(told('in')).toEqual([
      'reset cash 900.5 USD',
      'reset external -900.5 USD',
      'reset cash 0.1 BTC',
      'reset external -0.1 BTC',
    ]);
  });
});
