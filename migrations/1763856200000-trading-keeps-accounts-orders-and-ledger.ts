import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Accounts, orders, fills, ledger, positions, balances and the event log. Every key begins with the account, so that
 * an account's rows lie together and may be partitioned by it later. Ids are ULIDs: rows arrive at the end of an index.
 * The key of the event log is also the fence: a second writer of an account would repeat a number and fail.
 */
export class TradingKeepsAccountsOrdersAndLedger1763856200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE trading.accounts (
        id text COLLATE "C" PRIMARY KEY,
        name text NOT NULL,
        owner text NOT NULL,
        mode text NOT NULL CHECK (mode IN ('paper', 'live')),
        type text NOT NULL CHECK (type IN ('cash', 'margin')),
        base_currency text NOT NULL,
        fill_model json NOT NULL,
        limits json NOT NULL,
        risk_state text NOT NULL CHECK (risk_state IN ('active', 'reducing', 'halted')),
        risk_reason text,
        risk_actor text,
        risk_since_ms bigint,
        session text NOT NULL,
        replays integer NOT NULL,
        created_ms bigint NOT NULL
      );
      CREATE INDEX accounts_by_owner ON trading.accounts (owner);

      CREATE TABLE trading.orders (
        account_id text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        client_order_id text COLLATE "C" NOT NULL,
        content_hash text NOT NULL,
        instrument text COLLATE "C" NOT NULL,
        side text NOT NULL,
        type text NOT NULL,
        time_in_force text NOT NULL,
        quantity numeric NOT NULL,
        limit_price numeric,
        post_only boolean NOT NULL,
        reduce_only boolean NOT NULL,
        strategy_id text,
        tags json NOT NULL,
        status text NOT NULL,
        filled_quantity numeric NOT NULL CHECK (filled_quantity >= 0 AND filled_quantity <= quantity),
        filled_notional numeric NOT NULL,
        fees json NOT NULL,
        status_reason text,
        denial json,
        created_ms bigint NOT NULL,
        updated_ms bigint NOT NULL,
        version integer NOT NULL,
        PRIMARY KEY (account_id, id)
      );
      CREATE UNIQUE INDEX orders_by_client_order_id ON trading.orders (account_id, client_order_id);
      CREATE INDEX orders_open ON trading.orders (account_id, id)
        WHERE status IN ('submitted', 'accepted', 'triggered', 'partially_filled');

      CREATE TABLE trading.fills (
        account_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        id text COLLATE "C" NOT NULL,
        trade_id text NOT NULL,
        order_id text COLLATE "C" NOT NULL,
        client_order_id text COLLATE "C" NOT NULL,
        instrument text COLLATE "C" NOT NULL,
        side text NOT NULL,
        price numeric NOT NULL CHECK (price > 0),
        quantity numeric NOT NULL CHECK (quantity > 0),
        fee numeric NOT NULL,
        fee_asset text NOT NULL,
        liquidity text NOT NULL,
        realised_pnl numeric NOT NULL,
        strategy_id text,
        time_ms bigint NOT NULL,
        PRIMARY KEY (account_id, seq)
      );
      COMMENT ON COLUMN trading.fills.seq IS 'of the fill in trading.account_events';

      CREATE TABLE trading.ledger_entries (
        account_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        transaction_id text COLLATE "C" NOT NULL,
        account text NOT NULL CHECK (account IN ('cash', 'venue', 'fees', 'external')),
        asset text NOT NULL,
        amount numeric NOT NULL,
        kind text NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'fill', 'fee')),
        ref text COLLATE "C" NOT NULL,
        time_ms bigint NOT NULL,
        PRIMARY KEY (account_id, seq)
      );
      COMMENT ON TABLE trading.ledger_entries IS 'double entry: amounts of one transaction sum to 0 per asset';

      CREATE TABLE trading.positions (
        account_id text COLLATE "C" NOT NULL,
        instrument text COLLATE "C" NOT NULL,
        quantity numeric NOT NULL,
        average_price numeric NOT NULL,
        realised_pnl numeric NOT NULL,
        fees numeric NOT NULL,
        opened_ms bigint,
        updated_ms bigint NOT NULL,
        PRIMARY KEY (account_id, instrument)
      );
      COMMENT ON TABLE trading.positions IS 'fold of trading.fills, kept so that a start need not read them all';

      CREATE TABLE trading.balances (
        account_id text COLLATE "C" NOT NULL,
        asset text COLLATE "C" NOT NULL,
        total numeric NOT NULL,
        PRIMARY KEY (account_id, asset)
      );
      COMMENT ON TABLE trading.balances IS 'fold of the cash entries of trading.ledger_entries';

      CREATE TABLE trading.account_events (
        account_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        type text NOT NULL,
        time_ms bigint NOT NULL,
        data json NOT NULL,
        PRIMARY KEY (account_id, seq)
      );
      COMMENT ON TABLE trading.account_events IS 'everything that happened to an account; seq from 1 without gaps';

      CREATE TABLE trading.idempotency_keys (
        scope text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        content_hash text NOT NULL,
        answer json NOT NULL,
        created_ms bigint NOT NULL,
        PRIMARY KEY (scope, key)
      );
      CREATE INDEX idempotency_keys_by_age ON trading.idempotency_keys (created_ms);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE trading.idempotency_keys;
      DROP TABLE trading.account_events;
      DROP TABLE trading.balances;
      DROP TABLE trading.positions;
      DROP TABLE trading.ledger_entries;
      DROP TABLE trading.fills;
      DROP TABLE trading.orders;
      DROP TABLE trading.accounts;
    `);
  }
}
