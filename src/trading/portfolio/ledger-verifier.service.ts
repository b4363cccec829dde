import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { Clock } from '../../kernel/time.js';
import { Database, type Sql } from '../../platform/database/database.service.js';
import { AccountState } from '../accounts/account-state.js';
import type { Verification } from '../contract/portfolio.js';
import { Desk } from '../desk/desk.service.js';
import { accountOf } from '../desk/desk-state.js';
import { orderOfRow, type OrderRow, openStatuses } from '../orders/order-rows.js';
import type { PositionState } from '../positions/position.js';
import { TradingMetrics } from '../trading.metrics.js';
import { type AuditedFunding, LedgerAudit } from './ledger-audit.js';
import { PortfolioMetrics } from './portfolio.metrics.js';
import { PortfolioRepository } from './portfolio.repository.js';

/** How often open orders are looked at anew when the desk wrote between two looks. */
const looksMax = 10;

/** Re-derives everything an account holds from its rows, and compares it with what is stored and what is served. */
@Injectable()
export class LedgerVerifier {
  constructor(
    private readonly desk: Desk,
    private readonly database: Database,
    private readonly rows: PortfolioRepository,
    private readonly clock: Clock,
    private readonly metrics: PortfolioMetrics,
    private readonly trading: TradingMetrics,
  ) {}

  async verify(accountId: string): Promise<Verification> {
    const startMs = this.clock.monotonicMs();
    // Served first: whatever it shows is committed, so the snapshot below has at least that.
    const served = await this.desk.read(accountId, (desk) => {
      const { seq, ledgerSeq, totals, positions } = accountOf(desk, accountId);
      return { seq, ledgerSeq, balances: new Map(totals), positions: new Map(positions) };
    });
    const audit = new LedgerAudit(served);
    let checked = await this.database.transaction((tx) => this.refold(tx, accountId, served.seq, audit), {
      isolation: 'repeatable read',
      readOnly: true,
      statementTimeoutMs: 0,
    });
    checked += await this.compareOpenOrders(accountId, audit);
    const { differences } = audit;
    const ok = differences.length === 0;
    this.metrics.verifications.inc({ outcome: ok ? 'ok' : 'different' });
    this.metrics.verifySeconds.observe((this.clock.monotonicMs() - startMs) / 1000);
    if (!ok) this.trading.imbalance();
    return { ok, checked, differences };
  }

  /** Answers the number of rows read. */
  private async refold(tx: Sql, accountId: string, servedSeq: number, audit: LedgerAudit): Promise<number> {
    let checked = await this.checkLog(tx, accountId, servedSeq, audit);
    const resets = await resetsOf(tx, accountId);
    const fundings = await fundingsOf(tx, accountId);
    for await (const row of this.rows.ledgerInOrder(accountId, tx)) {
      const { seq, transaction_id: transactionId, account, asset, kind } = row;
      audit.entry({ seq, transactionId, account, asset, kind, amount: Decimal.of(row.amount) });
      checked += 1;
    }
    const upTo = (seq: number): void => {
      for (;;) {
        const [reset = seq] = resets;
        const funded = fundings[0]?.heldSeq ?? seq;
        if (Math.min(reset, funded) >= seq) return;
        if (funded < reset) audit.funding(fundings.shift()!);
        else audit.reset(resets.shift()!);
      }
    };
    for await (const row of this.rows.fillsInOrder(accountId, { sql: tx })) {
      upTo(row.seq);
      audit.fill({
        seq: row.seq,
        id: row.id,
        instrument: row.instrument,
        side: row.side,
        price: Decimal.of(row.price),
        quantity: Decimal.of(row.quantity),
        fee: Decimal.of(row.fee),
        feeAsset: row.fee_asset,
        feeValue: row.fee_value === null ? null : Decimal.of(row.fee_value),
        realisedPnl: Decimal.of(row.realised_pnl),
        timeMs: row.time_ms,
      });
      checked += 1;
    }
    upTo(Number.POSITIVE_INFINITY);
    const balances = await keptBalances(tx, accountId);
    const positions = await keptPositions(tx, accountId);
    audit.conclude({ balances, positions });
    return checked + balances.size + positions.size;
  }

  /** Every number from 1 on once, and one `fill` entry for each fill. */
  private async checkLog(tx: Sql, accountId: string, servedSeq: number, audit: LedgerAudit): Promise<number> {
    const { rows } = await tx.query<{ entries: number; newest: number; said: number; fills: number }>(
      `SELECT count(*) AS entries, coalesce(max(seq), 0) AS newest, count(*) FILTER (WHERE type = 'fill') AS said,
         (SELECT count(*) FROM trading.fills WHERE account_id = $1) AS fills
       FROM trading.account_events WHERE account_id = $1`,
      [accountId],
    );
    const [{ entries, newest, said, fills }] = rows;
    if (newest < servedSeq)
      audit.differ(`the event log ends at ${newest}; the desk has written ${servedSeq}`);
    if (said !== fills) audit.differ(`the event log has ${said} fills, the table of fills ${fills}`);
    if (entries !== newest) {
      const gaps = await tx.query<{ before: number; seq: number }>(
        `SELECT before, seq FROM (
           SELECT seq, lag(seq, 1, 0::bigint) OVER (ORDER BY seq) AS before
           FROM trading.account_events WHERE account_id = $1
         ) numbered WHERE seq <> before + 1 ORDER BY seq LIMIT 50`,
        [accountId],
      );
      for (const { before, seq } of gaps.rows) {
        audit.differ(`event ${before + 1} is missing: ${before} is followed by ${seq}`);
      }
    }
    return entries;
  }

  /**
   * What open orders hold, derived from their rows and as served. Both must be of one moment: when the desk wrote in
   * between, both are looked at again; a desk that never rests so long is not accused.
   */
  private async compareOpenOrders(accountId: string, audit: LedgerAudit): Promise<number> {
    for (let looks = 0; looks < looksMax; looks += 1) {
      const served = await this.desk.read(accountId, (desk) => {
        const account = accountOf(desk, accountId);
        const copy = new AccountState(account.terms, account.limitView, account.tools);
        return { seq: account.seq, balances: account.balances(), ids: idsOf(account), copy };
      });
      const { rows } = await this.database.query<OrderRow & { newest: number }>(
        `SELECT o.*, e.newest FROM
           (SELECT coalesce(max(seq), 0) AS newest FROM trading.account_events WHERE account_id = $1) e
           LEFT JOIN trading.orders o ON o.account_id = $1 AND o.status IN ${openStatuses}`,
        [accountId],
      );
      if (rows[0].newest > served.seq) continue;
      const stored = rows.filter((row) => row.id !== null);
      const { copy } = served;
      for (const row of stored) copy.open.add(orderOfRow(row));
      const [ours, theirs] = [idsOf(copy).join(', '), served.ids.join(', ')];
      if (ours !== theirs)
        audit.differ(`open orders served as ${theirs || 'none'}; stored are ${ours || 'none'}`);
      for (const { asset, reserved } of served.balances) {
        const derived = copy.reserved(asset);
        if (!derived.eq(Decimal.of(reserved))) {
          audit.differ(`reserved ${asset} served as ${reserved}; the open orders hold ${derived}`);
        }
      }
      return stored.length;
    }
    return 0;
  }
}

function idsOf(account: AccountState): string[] {
  return [...account.open.all()].map(({ terms }) => terms.id).toSorted();
}

/** Entries of the log with which the account began anew, oldest first. */
async function resetsOf(tx: Sql, accountId: string): Promise<number[]> {
  const { rows } = await tx.query<{ seq: number }>(
    `SELECT seq FROM trading.account_events WHERE account_id = $1 AND type = 'account-reset' ORDER BY seq`,
    [accountId],
  );
  return rows.map(({ seq }) => seq);
}

/** Payments in the order of what they were paid on. */
async function fundingsOf(tx: Sql, accountId: string): Promise<AuditedFunding[]> {
  const { rows } = await tx.query<{
    data: Record<'id' | 'instrument' | 'quantity' | 'rate' | 'markPrice' | 'amount', string> & {
      heldSeq: number;
    };
  }>(`SELECT data FROM trading.account_events WHERE account_id = $1 AND type = 'funding' ORDER BY seq`, [
    accountId,
  ]);
  const fundings = rows.map(({ data: { id, instrument, heldSeq, quantity, rate, markPrice, amount } }) => ({
    id,
    instrument,
    heldSeq,
    quantity: Decimal.of(quantity),
    rate: Decimal.of(rate),
    markPrice: Decimal.of(markPrice),
    amount: Decimal.of(amount),
  }));
  return fundings.toSorted((a, b) => a.heldSeq - b.heldSeq);
}

async function keptBalances(tx: Sql, accountId: string): Promise<Map<string, Decimal>> {
  const { rows } = await tx.query<{ asset: string; total: string }>(
    'SELECT asset, total FROM trading.balances WHERE account_id = $1',
    [accountId],
  );
  return new Map(rows.map(({ asset, total }) => [asset, Decimal.of(total)]));
}

async function keptPositions(tx: Sql, accountId: string): Promise<Map<string, PositionState>> {
  const { rows } = await tx.query<{
    instrument: string;
    quantity: string;
    average_price: string;
    realised_pnl: string;
    fees: string;
    opened_ms: number | null;
    updated_ms: number;
  }>('SELECT * FROM trading.positions WHERE account_id = $1', [accountId]);
  return new Map(
    rows.map((row) => [
      row.instrument,
      {
        instrument: row.instrument,
        quantity: Decimal.of(row.quantity),
        averagePrice: Decimal.of(row.average_price),
        realisedPnl: Decimal.of(row.realised_pnl),
        fees: Decimal.of(row.fees),
        openedAtMs: row.opened_ms,
        updatedAtMs: row.updated_ms,
      },
    ]),
  );
}
