import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** Sums that hold in every snapshot of the database; each row it answers is a broken one. */
const audit = `
  WITH ledger AS (
    SELECT account_id, asset, sum(amount) AS all_accounts, sum(amount) FILTER (WHERE account = 'cash') AS cash
    FROM trading.ledger_entries GROUP BY 1, 2
  ), traded AS (
    SELECT account_id, instrument,
      sum(CASE side WHEN 'buy' THEN quantity ELSE -quantity END
        - CASE WHEN fee_asset = split_part(instrument, '-', 1) THEN fee ELSE 0 END) AS quantity
    FROM trading.fills GROUP BY 1, 2
  ), filled AS (
    SELECT account_id, order_id, sum(quantity) AS quantity, sum(quantity * price) AS notional
    FROM trading.fills GROUP BY 1, 2
  )
  SELECT 'ledger does not sum to 0' AS says, account_id || ' ' || asset AS what, all_accounts::text AS found, '0' AS wanted
    FROM ledger WHERE all_accounts <> 0
  UNION ALL
  SELECT 'balance is not the sum of the ledger', coalesce(l.account_id, b.account_id) || ' ' || coalesce(l.asset, b.asset),
    b.total::text, l.cash::text
    FROM ledger l FULL JOIN trading.balances b ON b.account_id = l.account_id AND b.asset = l.asset
    WHERE coalesce(l.cash, 0) <> coalesce(b.total, 0)
  UNION ALL
  SELECT 'position is not the sum of its fills', coalesce(t.account_id, p.account_id) || ' ' || coalesce(t.instrument, p.instrument),
    p.quantity::text, t.quantity::text
    FROM traded t FULL JOIN trading.positions p ON p.account_id = t.account_id AND p.instrument = t.instrument
    WHERE coalesce(t.quantity, 0) <> coalesce(p.quantity, 0)
  UNION ALL
  SELECT 'order is not the sum of its fills', coalesce(o.id, f.order_id), o.filled_quantity || ' for ' || o.filled_notional,
    f.quantity || ' for ' || f.notional
    FROM trading.orders o FULL JOIN filled f ON f.account_id = o.account_id AND f.order_id = o.id
    WHERE coalesce(o.filled_quantity, 0) <> coalesce(f.quantity, 0) OR coalesce(o.filled_notional, 0) <> coalesce(f.notional, 0)
  UNION ALL
  SELECT 'event log has a gap', account_id, count(*)::text, max(seq)::text
    FROM trading.account_events GROUP BY account_id HAVING count(*) <> max(seq) OR min(seq) <> 1`;

interface Finding {
  readonly says: string;
  readonly what: string;
  readonly found: string | null;
  readonly wanted: string | null;
}

/** Reads the database again and again while everything around it is killed; every read must add up. */
export class Auditor {
  /** Whole snapshots read. */
  reads = 0;
  readonly faults: string[] = [];
  private client: pg.Client | null = null;
  private ended = false;
  private running: Promise<void> | null = null;

  constructor(private readonly url: () => string) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.ended = true;
    await this.running;
    await this.client?.end().catch(() => undefined);
  }

  /** One read; false when the database was away. */
  async read(): Promise<boolean> {
    try {
      if (this.client === null) {
        const client = new pg.Client({ connectionString: this.url(), connectionTimeoutMillis: 2_000 });
        client.on('error', () => undefined);
        await client.connect();
        this.client = client;
      }
      const { rows } = await this.client.query<Finding>(audit);
      this.reads += 1;
      for (const { says, what, found, wanted } of rows) {
        if (this.faults.length < 50) this.faults.push(`${says}: ${what} has ${found}, not ${wanted}`);
      }
      return true;
    } catch (error) {
      // Ours to know: a statement that is wrong would otherwise look like a database that is away.
      if (/^(42|22)/.test((error as { code?: string }).code ?? '')) throw error;
      void this.client?.end().catch(() => undefined);
      this.client = null;
      return false;
    }
  }

  private async run(): Promise<void> {
    while (!this.ended) {
      const startMs = performance.now();
      await this.read();
      // A tenth of the time at most: the reader must not be what slows the server down.
      await sleep(Math.max(200, 10 * (performance.now() - startMs)));
    }
  }
}
