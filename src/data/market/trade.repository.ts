import { Injectable } from '@nestjs/common';
import { Database, type Sql, type Transaction } from '../../platform/database/database.service.js';
import { isUniqueViolation } from '../../platform/database/sql-error.js';
import { Partitions } from '../partitions/partitions.service.js';
import type { LiveSource } from '../partitions/retention-rules.js';
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
  constructor(
    private readonly database: Database,
    private readonly partitions: Partitions,
  ) {}

  /**
   * Writes trades within a transaction; those stored already stay as they are. Many go by COPY, which knows no such
   * thing as "unless it is there": when one is, all of them are inserted instead.
   */
  async store(tx: Transaction, trades: readonly StoredTrade[], source: LiveSource): Promise<void> {
    if (trades.length < copyRowsMin) {
      await this.insert(tx, trades, source);
      return;
    }
    await this.makeRoom(trades);
    await tx.query('SAVEPOINT trades');
    try {
      await tx.copyIn(copyTrades, copyLines(trades, source));
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      await tx.query('ROLLBACK TO SAVEPOINT trades');
      await this.insert(tx, trades, source);
    }
  }

  async insert(sql: Sql, trades: readonly StoredTrade[], source: LiveSource): Promise<number> {
    await this.makeRoom(trades);
    const column = <K extends keyof StoredTrade>(name: K): StoredTrade[K][] => trades.map((one) => one[name]);
    const { rowCount } = await sql.query(
      `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side, source)
       SELECT u.*, $8 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::integer[], $5::numeric[], $6::numeric[], $7::text[]) AS u
       ON CONFLICT DO NOTHING`,
      [
        column('instrument'),
        column('timeMs'),
        column('id'),
        column('place'),
        column('price'),
        column('quantity'),
        column('side'),
        source,
      ],
      'data-trades-insert',
    );
    return rowCount;
  }

  /** Makes sure that these trades find their partitions. */
  async makeRoom(trades: readonly StoredTrade[]): Promise<void> {
    await this.partitions.makeRoom(
      'trades',
      trades.map(({ timeMs }) => timeMs),
    );
  }

  /** Trades from `from` (inclusive) until before `toMs`, oldest first. */
  async forward(query: {
    instrument: string;
    from: TradePosition;
    toMs: number;
    limit: number;
  }): Promise<StoredTrade[]> {
    const { instrument, from, limit } = query;
    const found: StoredTrade[] = [];
    const windows = await this.partitions.onward('trades', { fromMs: from.timeMs, toMs: query.toMs });
    for (const { fromMs, toMs } of windows) {
      const { rows } = await this.database.query<Row>(
        tradesForward,
        [instrument, fromMs, toMs, from.timeMs, from.place, from.id, limit - found.length],
        'data-trades-forward',
      );
      for (const trade of rows.map(tradeOf).sort(byPlace)) found.push(trade);
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  /** The newest trades before `before`, oldest first. */
  async backward(query: {
    instrument: string;
    before: TradePosition;
    limit: number;
  }): Promise<StoredTrade[]> {
    const { instrument, before, limit } = query;
    const found: StoredTrade[] = [];
    // The position's own millisecond is searched too: some of its trades may come before it.
    for (const { fromMs, toMs } of await this.partitions.back('trades', before.timeMs + 1)) {
      const { rows } = await this.database.query<Row>(
        tradesBackward,
        [instrument, fromMs, toMs, before.timeMs, before.place, before.id, limit - found.length],
        'data-trades-backward',
      );
      for (const trade of rows.map(tradeOf).sort((a, b) => byPlace(b, a))) found.push(trade);
      if (found.length >= limit) break;
    }
    return found.slice(0, limit).reverse();
  }

  /** Deletes an instrument's trades from `fromMs` on; answers how many. */
  async deleteFrom(instrument: string, fromMs: number): Promise<number> {
    const { rowCount } = await this.database.query(
      'DELETE FROM data.trades WHERE instrument = $1 AND time_ms >= $2',
      [instrument, fromMs],
    );
    return rowCount;
  }
}

/** Fewer are sooner inserted than copied. */
const copyRowsMin = 200;
const copyTrades =
  'COPY data.trades (instrument, time_ms, id, place, price, quantity, side, source) FROM STDIN';
const linesPerChunk = 1_000;
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

/** Text for COPY, in pieces of some 64 KiB. */
function* copyLines(trades: readonly StoredTrade[], source: LiveSource): Generator<string> {
  let text = '';
  for (let n = 0; n < trades.length; n += 1) {
    const { instrument, timeMs, place, price, quantity, side } = trades[n];
    let { id } = trades[n];
    if (/[\\\t\n\r]/.test(id)) id = id.replace(/[\\\t\n\r]/g, (character) => escapes[character]);
    text += `${instrument}\t${timeMs}\t${id}\t${place}\t${price}\t${quantity}\t${side}\t${source}\n`;
    if (n % linesPerChunk === linesPerChunk - 1) {
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}

const selected = `SELECT instrument, id, time_ms, place, price, quantity, side FROM data.trades
  WHERE instrument = $1 AND time_ms >= $2 AND time_ms < $3`;
// The last millisecond comes whole, and its order is made here: in the order of the key nothing has to be sorted there,
// which a new partition of which nothing is known yet would get wrong by seconds.
const tradesForward = `${selected} AND (time_ms > $4 OR (place, id) >= ($5::integer, $6::text))
  ORDER BY time_ms FETCH FIRST ($7::bigint) ROWS WITH TIES`;
const tradesBackward = `${selected} AND (time_ms < $4 OR (place, id) < ($5::integer, $6::text))
  ORDER BY time_ms DESC FETCH FIRST ($7::bigint) ROWS WITH TIES`;

function byPlace(a: StoredTrade, b: StoredTrade): number {
  return a.timeMs - b.timeMs || a.place - b.place || (a.id < b.id ? -1 : 1);
}

function tradeOf(row: Row): StoredTrade {
  const { instrument, id, time_ms: timeMs, place, price, quantity, side } = row;
  return { instrument, id, timeMs, place, price, quantity, side };
}
