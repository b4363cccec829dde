import pg from 'pg';

/** What the database holds when all is over, as text where it is decimal. */
export interface Stored {
  readonly orders: readonly StoredOrder[];
  readonly fills: readonly StoredFill[];
  readonly events: readonly StoredEvent[];
  readonly deposits: readonly { account: string; ref: string; amount: string; entries: number }[];
}

export interface StoredOrder {
  readonly account: string;
  readonly id: string;
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: string;
  readonly type: string;
  readonly timeInForce: string;
  readonly quantity: string;
  readonly limitPrice: string | null;
  readonly triggerPrice: string | null;
  readonly expireMs: number | null;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly strategyId: string | null;
  readonly tags: readonly string[];
  readonly createdMs: number;
  readonly status: string;
  readonly filledQuantity: string;
  readonly version: number;
  readonly denial: { readonly code: string } | null;
}

export interface StoredFill {
  readonly account: string;
  readonly id: string;
  readonly tradeId: string;
  readonly orderId: string;
  readonly seq: number;
  /** Ledger transactions that book it. */
  readonly booked: number;
}

export interface StoredEvent {
  readonly account: string;
  readonly seq: number;
  readonly type: string;
  readonly timeMs: number;
  readonly data: any;
}

/** One snapshot of everything. */
export async function readStored(url: string): Promise<Stored> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const read = async <T>(sql: string): Promise<T[]> => (await client.query(sql)).rows as T[];
    return {
      orders: await read<StoredOrder>(
        `SELECT account_id AS account, id, client_order_id AS "clientOrderId", instrument, side, type,
           time_in_force AS "timeInForce", quantity::text, limit_price::text AS "limitPrice",
           trigger_price::text AS "triggerPrice", expire_ms::float8 AS "expireMs", post_only AS "postOnly",
           reduce_only AS "reduceOnly", strategy_id AS "strategyId", tags, created_ms::float8 AS "createdMs", status,
           filled_quantity::text AS "filledQuantity", version, denial
         FROM trading.orders ORDER BY account_id, id`,
      ),
      fills: await read<StoredFill>(
        `SELECT f.account_id AS account, f.id, f.trade_id AS "tradeId", f.order_id AS "orderId", f.seq::float8 AS seq,
           coalesce(l.booked, 0)::int AS booked
         FROM trading.fills f LEFT JOIN (
           SELECT account_id, ref, count(DISTINCT transaction_id) AS booked FROM trading.ledger_entries GROUP BY 1, 2
         ) l ON l.account_id = f.account_id AND l.ref = f.id
         ORDER BY f.account_id, f.seq`,
      ),
      events: await read<StoredEvent>(
        `SELECT account_id AS account, seq::float8 AS seq, type, time_ms::float8 AS "timeMs", data
         FROM trading.account_events ORDER BY account_id, seq`,
      ),
      deposits: await read(
        `SELECT account_id AS account, ref, abs(min(amount))::text AS amount, count(*)::int AS entries
         FROM trading.ledger_entries WHERE kind = 'deposit' GROUP BY 1, 2`,
      ),
    };
  } finally {
    await client.end();
  }
}

/** Whether the database itself would take a second order under a client order id it has; tried and rolled back. */
export async function refusesASecondOrder(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `CREATE TEMP TABLE second ON COMMIT DROP AS SELECT * FROM trading.orders LIMIT 1;
       UPDATE second SET id = id || 'x'`,
    );
    const { rowCount } = await client.query('INSERT INTO trading.orders SELECT * FROM second');
    if (rowCount !== 1) throw new Error('there is no order to try it with');
    return false;
  } catch (error) {
    if ((error as { code?: string }).code === '23505') return true;
    throw error;
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    await client.end();
  }
}
