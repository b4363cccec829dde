import { types } from 'pg';

type Parser = (text: string) => unknown;

/**
 * int8 as a number where it is exact (our times and sequences), as a bigint past 2^53: a wrong number never.
 */
export function int8(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** A flat `bigint[]`; the database writes `{1,2,NULL}`. */
export function int8Array(text: string): (number | bigint | null)[] {
  const inside = text.slice(1, -1);
  if (inside === '') return [];
  return inside.split(',').map((item) => (item === 'NULL' ? null : int8(item)));
}

const own = new Map<number, Parser>([
  [20, int8],
  [1016, int8Array],
]);

/** Column parsers of our sessions: numeric stays text for Decimal, everything else is the driver's default. */
export const sqlTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): Parser {
    const parser = format === 'binary' ? undefined : own.get(oid);
    return parser ?? (types.getTypeParser(oid, format as 'text') as Parser);
  },
};
