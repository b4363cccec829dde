import { describe, expect, it } from 'vitest';
import { d, type Decimal } from '../../kernel/decimal.js';
import { fillEntries, transferEntries } from '../ledger/ledger.js';
import { applyFill, flatPosition, type PositionState } from '../positions/position.js';
import { type AuditedEntry, type AuditedFill, type Kept, LedgerAudit, type Served } from './ledger-audit.js';

const btc = 'BTC-USD.SIM';

/** An account that got 1000 USD, bought 2 BTC at 100 and sold 1 at 120, all with fees; events 1, 2 and 3. */
function anAccount(): { entries: AuditedEntry[]; fills: AuditedFill[]; served: Served; kept: Kept } {
  const entries: AuditedEntry[] = [];
  const fills: AuditedFill[] = [];
  const balances = new Map<string, Decimal>();
  let position: PositionState = flatPosition(btc);
  const book = (transactionId: string, made: ReturnType<typeof fillEntries>): void => {
    for (const entry of made) {
      entries.push({ ...entry, seq: entries.length + 1, transactionId });
      if (entry.account !== 'cash') continue;
      balances.set(entry.asset, (balances.get(entry.asset) ?? d('0')).plus(entry.amount));
    }
  };
  book('t1', transferEntries('deposit', 'USD', d('1000')));
  for (const [id, side, price, quantity, fee] of [
    ['f1', 'buy', '100', '2', '0.2'],
    ['f2', 'sell', '120', '1', '0.12'],
  ] as const) {
    const terms = { side, price: d(price), quantity: d(quantity), fee: d(fee) };
    const timeMs = 1000 * (fills.length + 1);
    const after = applyFill(position, { ...terms, feePaidIn: 'quote', timeMs });
    position = after.position;
    const { realisedPnl } = after;
    fills.push({
      ...terms,
      id,
      seq: fills.length + 2,
      instrument: btc,
      feeAsset: 'USD',
      realisedPnl,
      timeMs,
    });
    book(
      id,
      fillEntries({
        ...terms,
        base: 'BTC',
        quote: 'USD',
        settlement: 'exchange',
        feeAsset: 'USD',
        realisedPnl,
      }),
    );
  }
  const positions = new Map([[btc, position]]);
  return {
    entries,
    fills,
    served: { seq: 3, ledgerSeq: entries.length, balances, positions },
    kept: { balances, positions },
  };
}

function differences({ entries, fills, served, kept }: ReturnType<typeof anAccount>): string[] {
  const audit = new LedgerAudit(served);
  for (const entry of entries) audit.entry(entry);
  for (const fill of fills) audit.fill(fill);
  audit.conclude(kept);
  return audit.differences;
}

describe('an audit of ledger and fills', () => {
  it('finds nothing where everything agrees', () => {
    expect(differences(anAccount())).toEqual([]);
  });

  it('raises no alarm when the rows are newer than what was served', () => {
    const older = anAccount();
    const now = anAccount();
    older.entries = older.entries.filter(({ transactionId }) => transactionId !== 'f2');
    const balances = new Map<string, Decimal>();
    for (const { account, asset, amount } of older.entries) {
      if (account === 'cash') balances.set(asset, (balances.get(asset) ?? d('0')).plus(amount));
    }
    const { position } = applyFill(flatPosition(btc), { ...now.fills[0], feePaidIn: 'quote' });
    const served = {
      seq: 2,
      ledgerSeq: older.entries.length,
      balances,
      positions: new Map([[btc, position]]),
    };
    expect(differences({ ...now, served })).toEqual([]);
  });

  it('finds money made in one entry', () => {
    const account = anAccount();
    account.entries[0] = { ...account.entries[0], amount: d('1001') };
    expect(differences(account)).toEqual([
      'ledger transaction t1 sums to 1 USD, not to 0',
      'balance of USD stored as 919.68; the ledger gives 920.68',
      'balance of USD served as 919.68; the ledger gives 920.68',
    ]);
  });

  it('finds a trade whose two sides were changed together, even when the balances were too', () => {
    const account = anAccount();
    for (const [n, entry] of account.entries.entries()) {
      if (entry.transactionId !== 'f1' || entry.asset !== 'USD' || entry.kind !== 'fill') continue;
      account.entries[n] = {
        ...entry,
        amount: entry.amount.plus(d(entry.account === 'cash' ? '50' : '-50')),
      };
    }
    const balances = new Map(account.kept.balances).set('USD', d('969.68'));
    const forged = {
      ...account,
      kept: { ...account.kept, balances },
      served: { ...account.served, balances },
    };
    expect(differences(forged)).toEqual([
      'fills and ledger differ by -50 in cash USD',
      'fills and ledger differ by 50 in venue USD',
    ]);
  });

  it('finds a row that is gone, from the middle or from the end', () => {
    const middle = anAccount();
    middle.entries = middle.entries.filter(({ seq }) => seq !== 4);
    expect(differences(middle)).toContain('ledger entry 4 is missing: 3 is followed by 5');
    const end = anAccount();
    end.entries = end.entries.slice(0, -1);
    expect(differences(end)[0]).toBe('ledger transaction f2 sums to 0.12 USD, not to 0');
    expect(differences(end)).toContain('the ledger ends at entry 13; the desk has booked 14');
  });

  it('finds a fill that says it earned what it did not, and a position nobody traded', () => {
    const account = anAccount();
    account.fills[1] = { ...account.fills[1], realisedPnl: d('25') };
    expect(differences(account)).toEqual(['fill f2 (3) says it realised 25; the fills before it give 20']);
    const held = anAccount();
    const positions = new Map([[btc, { ...held.kept.positions.get(btc)!, quantity: d('5') }]]);
    expect(differences({ ...held, kept: { ...held.kept, positions } })).toEqual([
      `position in ${btc} stored with quantity 5; the fills give 1`,
    ]);
  });

  it('stops listing after two hundred differences and says how many more there are', () => {
    const account = anAccount();
    account.entries = Array.from({ length: 300 }, (_, n) => ({ ...account.entries[0], seq: 2 * n + 2 }));
    const found = differences(account);
    expect(found).toHaveLength(201);
    expect(found.at(-1)).toMatch(/^and \d+ more$/);
  });
});
