import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { Metrics } from '../../kernel/metrics.js';
import { CommitUnknown } from './database.service.js';

/** Remembers every movement as `name{label}`. */
class RecordedMetrics extends Metrics {
  readonly moved: string[] = [];
  readonly read = new Map<string, () => unknown>();
  counter(definition: { name: string }) {
    return { inc: (labels?: object) => void this.moved.push(definition.name + JSON.stringify(labels)) };
  }
  gauge() {
    return { set: () => undefined };
  }
  histogram(definition: { name: string }) {
    return {
      observe: (seconds: number, labels?: object) => {
        if (!(seconds >= 0)) throw new RangeError(`not a time: ${seconds}`);
        this.moved.push(definition.name + JSON.stringify(labels));
      },
    };
  }
  observed(definition: { name: string }, read: () => unknown): void {
    this.read.set(definition.name, read);
  }
}

const metrics = new RecordedMetrics();
let fresh: FreshDatabase;

beforeAll(async () => {
  fresh = await freshDatabase({ poolSizeMax: 2, metrics });
  await fresh.database.query(
    'CREATE TABLE trading.fill (id bigint PRIMARY KEY, price numeric NOT NULL CHECK (price > 0), venue text)',
  );
});
afterAll(() => fresh.drop());

const stored = async (): Promise<number> => {
  const { rows } = await fresh.database.query<{ n: number }>('SELECT count(*) AS n FROM trading.fill');
  return rows[0].n;
};
const insert = 'INSERT INTO trading.fill (id, price) VALUES ($1, $2)';

describe('a query', () => {
  it('gives times as numbers, prices as the text they were stored with, and never a wrong number', async () => {
    const { rows } = await fresh.database.query(
      `SELECT 1763856000000::bigint AS time_ms, 0.10::numeric AS price, 9007199254740993::bigint AS past,
              ARRAY[1, NULL, 3]::bigint[] AS some, '{}'::bigint[] AS none, true AS closed`,
    );
    expect(rows).toEqual([
      {
        time_ms: 1763856000000,
        price: '0.10',
        past: 9007199254740993n,
        some: [1, null, 3],
        none: [],
        closed: true,
      },
    ]);
  });

  it('may be prepared by name, and counts the rows it changed', async () => {
    for (const id of [1, 2]) {
      expect((await fresh.database.query(insert, [id, '0.5'], 'fill_insert')).rowCount).toBe(1);
    }
    const { rows } = await fresh.database.withClient((client) =>
      client.query("SELECT name FROM pg_prepared_statements WHERE name = 'fill_insert'"),
    );
    expect(rows).toEqual([{ name: 'fill_insert' }]);
    expect((await fresh.database.query('DELETE FROM trading.fill')).rowCount).toBe(2);
  });

  it('that fails carries the SQLSTATE, and is counted by kind', async () => {
    metrics.moved.length = 0;
    await expect(fresh.database.query(insert, [3, '-1'])).rejects.toMatchObject({ code: '23514' });
    expect(metrics.moved).toEqual([
      'database_errors_total{"kind":"constraint"}',
      'database_query_seconds{"operation":"query"}',
    ]);
  });

  it('is cut off at the statement timeout', async () => {
    const slow = fresh.database.transaction((tx) => tx.query('SELECT pg_sleep(5)'), {
      statementTimeoutMs: 50,
    });
    await expect(slow).rejects.toMatchObject({ code: '57014' });
  });
});

describe('a transaction', () => {
  it('stores all of it or nothing', async () => {
    const result = await fresh.database.transaction(async (tx) => {
      await tx.query(insert, [10, '1']);
      await tx.query(insert, [11, '1']);
      return 'done';
    });
    expect([result, await stored()]).toEqual(['done', 2]);
    const broken = fresh.database.transaction(async (tx) => {
      await tx.query(insert, [12, '1']);
      throw new Error('changed my mind');
    });
    await expect(broken).rejects.toThrow('changed my mind');
    expect(await stored()).toBe(2);
  });

  it('says so when a swallowed error made its commit a rollback', async () => {
    const swallowed = fresh.database.transaction(async (tx) => {
      await tx.query(insert, [13, '1']);
      await tx.query(insert, [13, '1']).catch(() => undefined);
    });
    await expect(swallowed).rejects.toThrow('nothing was committed');
    expect(await stored()).toBe(2);
  });

  it('calls the outcome unknown when the session dies inside COMMIT, and refused when the server refuses it', async () => {
    await fresh.database.query(`
      CREATE FUNCTION trading.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.venue = 'dies' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        IF NEW.venue = 'refuses' THEN RAISE EXCEPTION 'not at this price' USING ERRCODE = '23514'; END IF;
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON trading.fill DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION trading.at_commit();
    `);
    const book = (id: number, venue: string) =>
      fresh.database.transaction((tx) =>
        tx.query('INSERT INTO trading.fill VALUES ($1, 1, $2)', [id, venue]),
      );
    await expect(book(14, 'dies')).rejects.toThrow(CommitUnknown);
    await expect(book(15, 'refuses')).rejects.toMatchObject({ code: '23514' });
    expect(await stored()).toBe(2);
  });

  it('may be told to see one moment only, and to write nothing', async () => {
    const write = fresh.database.transaction((tx) => tx.query(insert, [16, '1']), {
      isolation: 'repeatable read',
      readOnly: true,
    });
    await expect(write).rejects.toMatchObject({ code: '25006' });
  });

  it('survives the loss of a session that was lent and idle, and the pool replaces it', async () => {
    const lost = fresh.database.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await fresh.database.query('SELECT pg_terminate_backend($1, 2000)', [rows[0].pid]);
      await tx.query('SELECT 1');
    });
    await expect(lost).rejects.toThrow(/connection|terminat/);
    expect(await stored()).toBe(2);
  });
});

describe('a copy', () => {
  const copySql = 'COPY trading.fill (id, price) FROM STDIN (FORMAT csv)';
  const lines = function* (from: number, to: number): Generator<string> {
    for (let id = from; id < to; id += 1) yield `${id},0.5\n`;
  };

  it('streams rows in, and answers how many', async () => {
    const before = await stored();
    expect(await fresh.database.copyIn(copySql, lines(1_000, 21_000))).toBe(20_000);
    expect(await stored()).toBe(before + 20_000);
  });

  it('leaves nothing when its source breaks half-way or a line is bad, and the pool goes on', async () => {
    const before = await stored();
    const breaks = async function* (): AsyncGenerator<string> {
      yield* lines(30_000, 31_000);
      throw new Error('the file ended early');
    };
    await expect(fresh.database.copyIn(copySql, breaks())).rejects.toThrow('the file ended early');
    await expect(fresh.database.copyIn(copySql, ['40000,0.5\n', '40001,cheap\n'])).rejects.toMatchObject({
      code: '22P02',
    });
    expect(await stored()).toBe(before);
  });

  it('can be part of a larger transaction', async () => {
    const before = await stored();
    const broken = fresh.database.transaction(async (tx) => {
      expect(await tx.copyIn(copySql, lines(50_000, 50_010))).toBe(10);
      throw new Error('the rest failed');
    });
    await expect(broken).rejects.toThrow('the rest failed');
    expect(await stored()).toBe(before);
  });
});

describe('the pool', () => {
  it('lets nobody wait for ever for a session, and shows who waits', async () => {
    const busy = await freshDatabase({ poolSizeMax: 1, connectTimeoutMs: 100, metrics });
    let release = (): void => undefined;
    const held = busy.database.withClient(() => new Promise<void>((resolve) => (release = resolve)));
    const waiting = busy.database.query('SELECT 1');
    expect(metrics.read.get('database_pool_waiting')!()).toBe(1);
    await expect(waiting).rejects.toThrow(/timeout/);
    expect(metrics.read.get('database_pool_connections')!()).toEqual([
      { value: 1, labels: { state: 'total' } },
      { value: 0, labels: { state: 'idle' } },
    ]);
    release();
    await held;
    expect((await busy.database.query('SELECT 1')).rowCount).toBe(1);
    await busy.drop();
  });
});
