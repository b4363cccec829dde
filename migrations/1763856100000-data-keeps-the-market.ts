import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Instruments, candles and trades. Time is part of every hot key, so that the tables can be partitioned by it later
 * without new keys. Orders of text are byte orders: ids compare the same on every machine.
 */
export class DataKeepsTheMarket1763856100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE data.instruments (
        id text COLLATE "C" PRIMARY KEY,
        base text NOT NULL,
        quote text NOT NULL,
        venue text NOT NULL,
        tick_size numeric NOT NULL CHECK (tick_size > 0),
        lot_size numeric NOT NULL CHECK (lot_size > 0),
        minimum_quantity numeric NOT NULL CHECK (minimum_quantity >= 0),
        minimum_notional numeric NOT NULL CHECK (minimum_notional >= 0),
        maker_fee numeric NOT NULL CHECK (maker_fee >= 0),
        taker_fee numeric NOT NULL CHECK (taker_fee >= 0),
        status text NOT NULL CHECK (status IN ('trading', 'paused', 'delisted'))
      );
      CREATE TABLE data.candles (
        instrument text COLLATE "C" NOT NULL,
        timeframe text COLLATE "C" NOT NULL,
        open_time_ms bigint NOT NULL,
        open numeric NOT NULL,
        high numeric NOT NULL,
        low numeric NOT NULL,
        close numeric NOT NULL,
        volume numeric NOT NULL,
        trades bigint,
        source text NOT NULL,
        PRIMARY KEY (instrument, timeframe, open_time_ms)
      );
      CREATE TABLE data.trades (
        instrument text COLLATE "C" NOT NULL,
        time_ms bigint NOT NULL,
        id text COLLATE "C" NOT NULL,
        place integer NOT NULL,
        price numeric NOT NULL,
        quantity numeric NOT NULL,
        side text NOT NULL CHECK (side IN ('buy', 'sell')),
        PRIMARY KEY (instrument, time_ms, id)
      );
      COMMENT ON COLUMN data.trades.place IS 'order of arrival among the trades of one millisecond';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE data.trades;
      DROP TABLE data.candles;
      DROP TABLE data.instruments;
    `);
  }
}
