import type {
  Database,
  Sql,
  Transaction,
  TransactionOptions,
} from '../../src/platform/database/database.service.js';

export interface Statement {
  readonly text: string;
  readonly params: readonly unknown[];
}

/** How the server runs a statement: for these very values, or by the plan it keeps for any. */
export interface Plan {
  readonly kind: 'custom' | 'generic';
  readonly text: string;
  /** Scans that met rows, wanted or not; an empty partition has nothing an index could find faster. */
  readonly scans: readonly { readonly kind: string; readonly table: string }[];
}

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Loops'?: number;
  'Actual Rows'?: number;
  'Rows Removed by Filter'?: number;
  Plans?: Node[];
}

/** Every statement `database` runs from now on, in its pool and in its transactions. */
export function recordStatements(database: Database): Statement[] {
  const statements: Statement[] = [];
  const recording = <S extends Sql>(sql: S): S => {
    const query = sql.query.bind(sql);
    sql.query = ((text: string, params: readonly unknown[] = [], name?: string) => {
      statements.push({ text, params });
      return query(text, params, name);
    }) as S['query'];
    return sql;
  };
  recording(database);
  const transaction = database.transaction.bind(database);
  database.transaction = <T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions) =>
    transaction((tx) => work(recording({ ...tx })), options);
  return statements;
}

/** Runs a statement again, takes back what it wrote, and answers how it was run. */
export async function scansOf(database: Database, statement: Statement): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const kind of ['custom', 'generic'] as const) {
    await database.withClient(async (client) => {
      await client.query('BEGIN');
      try {
        await client.query(`SET LOCAL plan_cache_mode = force_${kind}_plan`);
        await client.query(`PREPARE explained AS ${statement.text}`);
        const values = statement.params.map((value) => client.escapeLiteral(textOf(value)));
        const execute = values.length === 0 ? 'explained' : `explained(${values.join(', ')})`;
        const { rows } = await client.query(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE ${execute}`);
        plans.push({ kind, text: statement.text, scans: [...scans(rows[0]['QUERY PLAN'][0].Plan)] });
      } finally {
        await client.query('ROLLBACK');
        await client.query('DEALLOCATE explained');
      }
    });
  }
  return plans;
}

function textOf(value: unknown): string {
  return Array.isArray(value)
    ? `{${value.map((one) => JSON.stringify(String(one))).join(',')}}`
    : String(value);
}

function* scans(node: Node): Generator<{ kind: string; table: string }> {
  const table = node['Relation Name'];
  const met = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
  if (table !== undefined && node['Node Type'].includes('Scan') && node['Actual Loops'] !== 0 && met > 0)
    yield { kind: node['Node Type'], table };
  for (const inner of node.Plans ?? []) yield* scans(inner);
}
