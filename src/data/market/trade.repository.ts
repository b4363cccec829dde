import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.service.js';
import type { StoredTrade } from './stored-trade.js';

interface Row {
  instrument: string;
  id: string;
  time_ms: number;
  place: number;
  price: string;
  quantity: string;
  side: 'buy' | 'sell';
}

/** A place in the order of trades: by time, then arrival, then id. */
export interface TradePosition {
  readonly timeMs: number;
  readonly place: number;
  readonly id: string;
}

/** `data.trades`. A trade already stored under its id is left as it is. */
@Injectable()
export class TradeRepository {
  constructor(private readonly database: Database) {}

  async insert(sql: Sql, trades: readonly StoredTrade[]): Promise<number> {
    const column = <K extends keyof StoredTrade>(name: K): StoredTrade[K][] => trades.map((one) => one[name]);
    const { rowCount } = await sql.query(
      `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side)
       SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::integer[], $5::numeric[], $6::numeric[], $7::text[])
       ON CONFLICT DO NOTHING`,
      [
        column('instrument'),
        column('timeMs'),
        column('id'),
        column('place'),
        column('price'),
        column('quantity'),
        column('side'),
      ],
      'data-trades-insert',
    );
    return rowCount;
  }

  /** Trades from `from` (inclusive) until before `toMs`, oldest first. */
  async forward(query: {
    instrument: string;
    from: TradePosition;
    toMs: number;
    limit: number;
  }): Promise<StoredTrade[]> {
    const { instrument, from, toMs, limit } = query;
    const { rows } = await this.database.query<Row>(
      `SELECT instrument, id, time_ms, place, price, quantity, side FROM data.trades
       WHERE instrument = $1 AND time_ms >= $2 AND time_ms < $5
         AND (time_ms > $2 OR (place, id) >= ($3::integer, $4::text))
       ORDER BY time_ms, place, id LIMIT $6`,
      [instrument, from.timeMs, from.place, from.id, toMs, limit],
      'data-trades-forward',
    );
    return rows.map(tradeOf);
  }

  /** The newest trades before `before`, oldest first. */
  async backward(query: {
    instrument: string;
    before: TradePosition;
    limit: number;
  }): Promise<StoredTrade[]> {
    const { instrument, before, limit } = query;
    const { rows } = await this.database.query<Row>(
      `SELECT instrument, id, time_ms, place, price, quantity, side FROM data.trades
       WHERE instrument = $1 AND time_ms <= $2 AND (time_ms < $2 OR (place, id) < ($3::integer, $4::text))
       ORDER BY time_ms DESC, place DESC, id DESC LIMIT $5`,
      [instrument, before.timeMs, before.place, before.id, limit],
      'data-trades-backward',
    );
    return rows.toReversed().map(tradeOf);
  }

  /** Deletes an instrument's trades from `fromMs` on; answers how many. */
  async deleteFrom(instrument: string, fromMs: number): Promise<number> {
    const { rowCount } = await this.database.query(
      'DELETE FROM data.trades WHERE instrument = $1 AND time_ms >= $2',
      [instrument, fromMs],
    );
    return rowCount;
  }

  /** Deletes at most `limit` of an instrument's oldest trades before `beforeMs`; answers how many. */
  async deleteOldest(instrument: string, beforeMs: number, limit: number): Promise<number> {
    const { rowCount } = await this.database.query(
      `DELETE FROM data.trades WHERE instrument = $1 AND (time_ms, id) IN (
         SELECT time_ms, id FROM data.trades WHERE instrument = $1 AND time_ms < $2 ORDER BY time_ms LIMIT $3)`,
      [instrument, beforeMs, limit],
    );
    return rowCount;
  }
}

function tradeOf(row: Row): StoredTrade {
  const { instrument, id, time_ms: timeMs, place, price, quantity, side } = row;
  return { instrument, id, timeMs, place, price, quantity, side };
}
