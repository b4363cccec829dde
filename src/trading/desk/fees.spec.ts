import { describe, expect, it } from 'vitest';
import { aBook, anInstrument, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import { d } from '../../kernel/decimal.js';
import { sums } from '../ledger/ledger.js';
import { LedgerAudit } from '../portfolio/ledger-audit.js';

const bnb = 'BNB-USD.SIM';
const perp = 'BNB-USD-PERP.SIM';

/** A market at 100 with a spread of a dollar, fees of 0.1 %, and BNB at 50. */
function paying(
  feeAsset: string | undefined,
  balances: Record<string, string>,
  over: { type?: 'cash' | 'margin'; priced?: boolean } = {},
): TestAccount {
  const { type = 'cash', priced = true } = over;
  const account = new TestAccount({ type, balances, fillModel: feeAsset === undefined ? {} : { feeAsset } });
  account.instruments.set(bnb, anInstrument({ id: bnb, base: 'BNB' }));
  account.instruments.set(perp, anInstrument({ id: perp, base: 'BNB' }));
  account.market({ book: aBook('100', '1000') });
  if (!priced) return account;
  for (const id of [bnb, perp]) account.market({ instrument: id, book: aBook('50', '1000') });
  return account;
}
const newest = (account: TestAccount) => {
  const { fee, feeAsset, feeValue } = account.journals.flatMap(({ fills }) => fills).at(-1)!.fill;
  return `${fee} ${feeAsset} worth ${feeValue}`;
};
const total = (account: TestAccount, asset: string): string => account.state.total(asset).toString();

/** Ledger and fills agree, and no transaction makes or loses anything. */
function expectAudited(account: TestAccount): void {
  const { state, journals } = account;
  const ledger = journals.flatMap((journal) => journal.ledger);
  for (const sum of sums(ledger).values()) expect(sum.toString()).toBe('0');
  const audit = new LedgerAudit({
    seq: state.seq,
    ledgerSeq: state.ledgerSeq,
    balances: state.totals,
    positions: state.positions,
  });
  for (const entry of ledger) audit.entry(entry);
  for (const { fill, timeMs } of journals.flatMap(({ fills }) => fills)) {
    audit.fill({
      ...fill,
      price: d(fill.price),
      quantity: d(fill.quantity),
      fee: d(fill.fee),
      feeValue: fill.feeValue === null ? null : d(fill.feeValue),
      realisedPnl: d(fill.realisedPnl),
      timeMs,
    });
  }
  audit.conclude({ balances: state.totals, positions: state.positions });
  expect(audit.differences).toEqual([]);
}

describe('the fee of a fill', () => {
  it('is paid in what a spot buy receives and in quote otherwise, unless something else was chosen', () => {
    const account = paying(undefined, { USD: '1000', BNB: '10' });
    account.place({ quantity: '2' });
    expect(newest(account)).toBe('0.002 BTC worth 0.201');
    account.place({ side: 'sell', quantity: '1' });
    expect(newest(account)).toBe('0.0995 USD worth 0.0995');
    expectAudited(account);
  });

  it('is paid in a third asset at its rate: the balance falls, and the position tells what it was worth', () => {
    const account = paying('BNB', { USD: '1000', BNB: '10' });
    const { fees } = account.place({ quantity: '2' });
    expect(newest(account)).toBe('0.00402 BNB worth 0.201');
    expect(fees).toEqual([{ asset: 'BNB', amount: '0.00402' }]);
    expect(total(account, 'BNB')).toBe('9.99598');
    expect(total(account, 'BTC')).toBe('2');
    expect(total(account, 'USD')).toBe('799');
    const position = account.state.position(btc);
    expect([position.quantity, position.averagePrice, position.fees].map(String)).toEqual([
      '2',
      '100.5',
      '0.201',
    ]);
    expectAudited(account);
  });

  it('is paid in base by a sale: more leaves the position, at the price of the fill', () => {
    const account = paying('base', { USD: '1000', BTC: '2' });
    account.place({ quantity: '1' });
    account.place({ side: 'sell', quantity: '1' });
    expect(newest(account)).toBe('0.001 BTC worth 0.0995');
    expect(total(account, 'BTC')).toBe('1.998');
    expectAudited(account);
  });

  it('is paid in quote by a buy', () => {
    const account = paying('quote', { USD: '1000' });
    account.place({ quantity: '2' });
    expect(newest(account)).toBe('0.201 USD worth 0.201');
    expect(total(account, 'BTC')).toBe('2');
    expectAudited(account);
  });

  it.each([
    ['has none of it', 'BNB', { USD: '1000' }, {}],
    ['has too little of it', 'BNB', { USD: '1000', BNB: '0.00401' }, {}],
    ['nobody knows its price', 'BNB', { USD: '1000', BNB: '10' }, { priced: false }],
    ['has spent all of it on the very order', 'quote', { USD: '201' }, {}],
  ] as const)('falls back on the ordinary asset when the account %s', (_why, feeAsset, balances, over) => {
    const account = paying(feeAsset, balances, over);
    account.place({ quantity: '2' });
    expect(newest(account)).toBe('0.002 BTC worth 0.201');
    expectAudited(account);
  });

  it('leaves alone what open orders hold, also when they hold all of it', () => {
    const account = paying('BNB', { USD: '1000', BNB: '1' });
    const { id } = account.limit('sell', '1', '60', { instrument: bnb });
    account.place({ quantity: '2' });
    expect(newest(account)).toBe('0.002 BTC worth 0.201');
    expect(account.state.balance('BNB')).toMatchObject({ total: '1', free: '0', reserved: '1' });
    account.order(id);
    account.place({ quantity: '2' });
    expect(newest(account)).toBe('0.00402 BNB worth 0.201');
    // A resting order pays out of what it no longer holds.
    const quote = paying('quote', { USD: '190' });
    quote.limit('buy', '2', '95');
    quote.market({ book: aBook('94', '1000') });
    expect(newest(quote)).toBe('0.002 BTC worth 0.19');
    const richer = paying('quote', { USD: '190.19' });
    richer.limit('buy', '2', '95');
    richer.market({ book: aBook('94', '1000') });
    expect(newest(richer)).toBe('0.19 USD worth 0.19');
    expect(total(richer, 'USD')).toBe('0');
  });

  it('of a contract never touches its size, though it is paid in the asset it is named after', () => {
    const account = paying('BNB', { USD: '1000', BNB: '5' }, { type: 'margin' });
    account.place({ instrument: perp, quantity: '4' });
    expect(newest(account)).toBe('0.00404 BNB worth 0.202');
    expect(account.state.position(perp).quantity.toString()).toBe('4');
    account.place({ instrument: perp, side: 'sell', quantity: '4' });
    expect(account.state.position(perp).quantity.toString()).toBe('0');
    expectAudited(account);
  });

  it('is told before, as it will be', () => {
    const account = paying('BNB', { USD: '1000', BNB: '10' });
    const { fees } = account.place({ quantity: '2' });
    const planned = paying('BNB', { USD: '1000', BNB: '10' });
    expect(planned.check({ quantity: '2' }).estimatedFee).toEqual(fees[0]);
  });
});
