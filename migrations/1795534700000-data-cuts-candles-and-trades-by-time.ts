import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Candles and trades become tables partitioned by time, so that old rows of the live market are dropped with their
 * partition. Trades tell their source: what was recorded live has its time, what was imported stays.
 * Rows are copied; the partitions made here are stretches of the calendar that the server goes on from.
 */
export class DataCutsCandlesAndTradesByTime1795534700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE data.candles RENAME TO candles_before;
      ALTER TABLE data.candles_before RENAME CONSTRAINT candles_pkey TO candles_before_pkey;
      ALTER TABLE data.trades RENAME TO trades_before;
      ALTER TABLE data.trades_before RENAME CONSTRAINT trades_pkey TO trades_before_pkey;

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
        source text COLLATE "C" NOT NULL,
        PRIMARY KEY (instrument, timeframe, open_time_ms)
      ) PARTITION BY LIST (timeframe);
      CREATE TABLE data.candles_minutes PARTITION OF data.candles
        FOR VALUES IN ('1m') PARTITION BY RANGE (open_time_ms);
      CREATE TABLE data.candles_parts PARTITION OF data.candles
        FOR VALUES IN ('3m', '5m', '15m', '30m') PARTITION BY RANGE (open_time_ms);
      CREATE TABLE data.candles_hours PARTITION OF data.candles
        FOR VALUES IN ('1h', '2h', '4h', '6h', '8h', '12h', '1d') PARTITION BY RANGE (open_time_ms);
      CREATE INDEX candles_source ON data.candles USING brin (source) WITH (autosummarize = on);

      CREATE TABLE data.trades (
        instrument text COLLATE "C" NOT NULL,
        time_ms bigint NOT NULL,
        id text COLLATE "C" NOT NULL,
        place integer NOT NULL,
        price numeric NOT NULL,
        quantity numeric NOT NULL,
        side text NOT NULL CHECK (side IN ('buy', 'sell')),
        source text COLLATE "C" NOT NULL DEFAULT 'import',
        PRIMARY KEY (instrument, time_ms, id)
      ) PARTITION BY RANGE (time_ms);
      CREATE INDEX trades_source ON data.trades USING brin (source) WITH (autosummarize = on);
      COMMENT ON COLUMN data.trades.place IS 'order of arrival among the trades of one millisecond';
      COMMENT ON COLUMN data.trades.source IS 'feed and simulated are dropped when their time is over; all else stays';
    `);
    const stretches: [string, string, string][] = [
      [
        'candles_minutes',
        'quarter',
        `SELECT open_time_ms AS at FROM data.candles_before WHERE timeframe = '1m'`,
      ],
      [
        'candles_parts',
        'year',
        `SELECT open_time_ms AS at FROM data.candles_before WHERE timeframe IN ('3m', '5m', '15m', '30m')`,
      ],
      [
        'candles_hours',
        'decade',
        `SELECT open_time_ms AS at FROM data.candles_before WHERE timeframe NOT IN ('1m', '3m', '5m', '15m', '30m')`,
      ],
      ['trades', 'day', 'SELECT time_ms AS at FROM data.trades_before'],
    ];
    for (const [table, unit, rows] of stretches) await runner.query(partitionsFor(table, unit, rows));
    await runner.query(`
      INSERT INTO data.candles (instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source)
        SELECT instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source
        FROM data.candles_before ORDER BY instrument, timeframe, open_time_ms;
      INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side, source)
        SELECT instrument, time_ms, id, place, price, quantity, side,
          CASE WHEN instrument LIKE '%.SIM' THEN 'simulated' ELSE 'import' END
        FROM data.trades_before ORDER BY instrument, time_ms, id;
      DROP TABLE data.candles_before, data.trades_before;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE data.candles_whole (LIKE data.candles);
      INSERT INTO data.candles_whole SELECT * FROM data.candles;
      DROP TABLE data.candles;
      ALTER TABLE data.candles_whole RENAME TO candles;
      ALTER TABLE data.candles ALTER COLUMN source SET DATA TYPE text COLLATE "default";
      ALTER TABLE data.candles ADD PRIMARY KEY (instrument, timeframe, open_time_ms);

      CREATE TABLE data.trades_whole (LIKE data.trades INCLUDING CONSTRAINTS INCLUDING COMMENTS);
      INSERT INTO data.trades_whole SELECT * FROM data.trades;
      DROP TABLE data.trades;
      ALTER TABLE data.trades_whole RENAME TO trades;
      ALTER TABLE data.trades DROP COLUMN source;
      ALTER TABLE data.trades ADD PRIMARY KEY (instrument, time_ms, id);
    `);
  }
}

/**
 * SQL that makes the partitions rows need: whole stretches of the calendar; of trades whole months, but single days
 * where the simulated market traded, since those days are to be dropped one by one.
 */
function partitionsFor(table: string, unit: string, rows: string): string {
  const stretch =
    unit === 'day'
      ? `SELECT DISTINCT CASE WHEN simulated.month IS NULL THEN months.month ELSE days.day END AS first,
           CASE WHEN simulated.month IS NULL THEN interval '1 month' ELSE interval '1 day' END AS width
         FROM (SELECT DISTINCT to_timestamp(at / 86400000 * 86400) AT TIME ZONE 'UTC' AS day FROM (${rows}) AS r) AS days
         CROSS JOIN LATERAL (SELECT date_trunc('month', days.day) AS month) AS months
         LEFT JOIN (SELECT DISTINCT date_trunc('month', to_timestamp(time_ms / 1000) AT TIME ZONE 'UTC') AS month
           FROM data.trades_before WHERE instrument LIKE '%.SIM') AS simulated ON simulated.month = months.month`
      : `SELECT DISTINCT date_trunc('${unit}', day) AS first,
           interval '${unit === 'quarter' ? '3 months' : unit === 'year' ? '1 year' : '10 years'}' AS width
         FROM (SELECT DISTINCT to_timestamp(at / 86400000 * 86400) AT TIME ZONE 'UTC' AS day FROM (${rows}) AS r) AS days`;
  return `
    DO $make$
    DECLARE s record;
    BEGIN
      FOR s IN ${stretch} LOOP
        EXECUTE format('CREATE TABLE data.%I PARTITION OF data.${table} FOR VALUES FROM (%s) TO (%s)',
          '${table}_' || to_char(s.first, 'YYYYMMDD'),
          (extract(epoch FROM s.first) * 1000)::bigint, (extract(epoch FROM s.first + s.width) * 1000)::bigint);
      END LOOP;
    END
    $make$`;
}
