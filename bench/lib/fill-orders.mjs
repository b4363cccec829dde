import pg from 'pg';
import { instrument, openDeskHouse, principal, restingOrder, seconds } from './desk-house.mjs';

const dayMs = 86_400_000;
const days = 30;
const price = '60000.00';
const quantity = '0.001';
/** What one account does over and over: eight orders rest and are cancelled, one buys and one sells what that bought. */
const resting = 8;
const ordersPerCycle = resting + 2;
/** Rows are copied so many cycles of all accounts at a time. */
const chunk = 250;

/**
 * Gives a data folder `accounts` accounts that have made `orders` orders in the last month, all closed, and have then
 * placed `open` that rest. One round of each account's history is made by the desk itself; the database repeats its rows
 * with ids, numbers and times of their own, and since no round earns or costs anything, every fold comes out the same.
 * Answers the accounts' ids.
 */
export async function fillOrders(dataDir, { accounts, orders, open = 0 }) {
  const startMs = Date.now() - days * dayMs;
  const clock = { ms: startMs - 1_000, nowMs: () => clock.ms, monotonicMs: () => performance.now() };
  let house = await openDeskHouse({ dataDir, clock, mid: price });
  const ids = [];
  for (let n = 0; n < accounts; n += 1)
    ids.push(await house.account(`bench ${n}`, { fillModel: { makerFee: '0', takerFee: '0' } }));
  clock.ms = startMs;
  await house.quote();
  for (const accountId of ids) await oneCycle(house, accountId);
  await house.close();

  const cycles = Math.max(0, Math.round(orders / accounts / ordersPerCycle) - 1);
  house = await openDeskHouse({ dataDir, mid: price });
  await repeat(house.url, { startMs, cycles });
  await house.close();

  house = await openDeskHouse({ dataDir, mid: price });
  for (const accountId of [ids[0], ids[accounts - 1]]) {
    const { ok, differences } = await house.verify(accountId);
    if (!ok) throw new Error(`the history made here does not add up: ${differences.slice(0, 5).join('; ')}`);
  }
  await seconds(open, 512, (n) =>
    house.orders.submit({
      principal,
      accountId: ids[n % accounts],
      order: { ...restingOrder, quantity: '1', limitPrice: '10' },
    }),
  );
  await settle(house.url);
  await house.close();
  return ids;
}

/** As a database is that has had time; on a session of its own, since the house gives no statement that long. */
async function settle(url) {
  const client = new pg.Client(url);
  await client.connect();
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
  await client.end();
}

async function oneCycle(house, accountId) {
  const place = (order) =>
    house.orders.submit({ principal, accountId, order: { instrument, quantity, ...order } });
  for (let n = 0; n < resting; n += 1) {
    const { order } = await place(restingOrder);
    await house.orders.cancel({ principal, accountId, orderId: order.id });
  }
  for (const side of ['buy', 'sell']) {
    const { order } = await place({ side, type: 'market' });
    if (order.status !== 'filled' || Number(order.averagePrice) !== Number(price))
      throw new Error(`a market order is ${order.status} at ${order.averagePrice}`);
  }
}

/** Every row the cycle left, again and again: ids and texts tell another time, numbers go on where the last round ended. */
async function repeat(url, { startMs, cycles }) {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    CREATE FUNCTION pg_temp.ulid_time(ms bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((ms >> (5 * i)) & 31)::int + 1, 1), '' ORDER BY i DESC)
      FROM generate_series(0, 9) AS i $$;
    CREATE FUNCTION pg_temp.iso(ms bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT to_char(to_timestamp(ms / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;
    CREATE TEMP TABLE template_orders AS SELECT * FROM trading.orders;
    CREATE TEMP TABLE template_fills AS SELECT * FROM trading.fills;
    CREATE TEMP TABLE template_ledger AS SELECT * FROM trading.ledger_entries WHERE time_ms = ${startMs};
    CREATE TEMP TABLE template_events AS
      SELECT *, count(*) OVER (PARTITION BY account_id) AS span FROM trading.account_events WHERE time_ms = ${startMs};
    CREATE TEMP TABLE template_spans AS
      SELECT account_id, count(*) AS events,
        (SELECT count(*) FROM template_ledger l WHERE l.account_id = e.account_id) AS ledger
      FROM template_events e GROUP BY account_id;
    CREATE TEMP TABLE rounds AS
      SELECT n, ms, pg_temp.ulid_time(${startMs}) AS id_was, pg_temp.ulid_time(ms) AS id, pg_temp.iso(${startMs}) AS time_was,
        pg_temp.iso(ms) AS time
      FROM generate_series(1, ${cycles}) AS n,
        LATERAL (SELECT ${startMs} + n * ${(days * dayMs) / 2}::bigint / greatest(${cycles}, 1) AS ms) AS at;
    ANALYZE template_orders, template_fills, template_ledger, template_events, template_spans, rounds;
  `);
  const columns = async (table) => {
    const { rows } = await client.query(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'trading' AND table_name = $1
       ORDER BY ordinal_position`,
      [table],
    );
    return rows.map(({ name }) => name);
  };
  /** Copies one table's rows; `changed` says which columns are not the template's. */
  const copy = async (table, template, changed, from) => {
    const names = await columns(table);
    const values = names.map((name) => changed[name] ?? `t.${name}`);
    await client.query(
      `INSERT INTO trading.${table} (${names}) SELECT ${values}
       FROM rounds r CROSS JOIN ${template} t JOIN template_spans s USING (account_id)
       WHERE r.n BETWEEN $1 AND $2 ORDER BY r.n`,
      [from, from + chunk - 1],
    );
  };
  const id = (name) => `replace(t.${name}, r.id_was, r.id)`;
  const data = `replace(replace(t.data::text, r.id_was, r.id), r.time_was, r.time)`;
  const eventSeq = 't.seq + r.n * s.events';
  for (let from = 1; from <= cycles; from += chunk) {
    await copy(
      'orders',
      'template_orders',
      { id: id('id'), client_order_id: id('client_order_id'), created_ms: 'r.ms', updated_ms: 'r.ms' },
      from,
    );
    await copy(
      'account_events',
      'template_events',
      {
        seq: eventSeq,
        time_ms: 'r.ms',
        data: `(CASE WHEN t.type = 'fill' THEN replace(${data}, '"seq":' || t.seq, '"seq":' || (${eventSeq})) ELSE ${data} END)::json`,
      },
      from,
    );
    const fillIds = Object.fromEntries(
      ['id', 'trade_id', 'order_id', 'client_order_id'].map((name) => [name, id(name)]),
    );
    await copy('fills', 'template_fills', { ...fillIds, seq: eventSeq, time_ms: 'r.ms' }, from);
    await copy(
      'ledger_entries',
      'template_ledger',
      {
        seq: 't.seq + r.n * s.ledger',
        transaction_id: id('transaction_id'),
        ref: id('ref'),
        time_ms: 'r.ms',
      },
      from,
    );
  }
  await client.end();
}
