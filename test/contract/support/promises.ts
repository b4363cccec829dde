import { expect } from 'vitest';
import { Decimal } from '../../../src/kernel/decimal.js';
import { Problem, problemKinds } from '../../../src/kernel/errors.js';
import { type ContractClass, fieldsOf } from '../../../src/kernel/fields.js';
import type { Page } from '../../../src/kernel/page.js';
import { faultsOf } from '../../../src/kernel/validator.js';

const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/**
 * The answer is what its contract class says, no field more or less; times carry milliseconds and end in Z,
 * decimals are written in the one normal way, so that clients may compare text.
 */
export function expectShape(contract: ContractClass, answer: unknown): void {
  expect(faultsOf(contract, answer), JSON.stringify(answer)).toEqual([]);
  expect(looseText(contract, answer as Record<string, unknown>), JSON.stringify(answer)).toEqual([]);
}

/** Every item, and at least one of them: an empty list proves nothing. */
export function expectShapes(contract: ContractClass, answers: readonly unknown[]): void {
  expect(answers.length).toBeGreaterThan(0);
  for (const answer of answers) expectShape(contract, answer);
}

function looseText(contract: ContractClass, answer: Record<string, unknown>): string[] {
  return fieldsOf(contract).flatMap(({ name, schema, of, shape }) => {
    const value = answer[name];
    if (value === null || value === undefined) return [];
    if (of) {
      const parts = (shape === 'list' ? value : [value]) as Record<string, unknown>[];
      return parts.flatMap((part) => looseText(of(), part)).map((fault) => `${name}/${fault}`);
    }
    const isLoose =
      (schema.format === 'date-time' && !timeForm.test(value as string)) ||
      (schema.format === 'decimal' && Decimal.of(value as string).toString() !== value);
    return isLoose ? [`${name}: ${String(value)}`] : [];
  });
}

/**
 * The call is refused with this code, of the kind its catalogue declares, with a sentence for people and exactly these
 * facts. Run in process and over the wire, so what both throw is the same.
 */
export async function expectProblem(
  call: Promise<unknown>,
  code: string,
  facts?: Record<string, unknown>,
): Promise<Problem> {
  const thrown = await call.then(
    (answer) => expect.fail(`${code} was expected, but it answered ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  if (!(thrown instanceof Problem)) throw thrown;
  expect(thrown.code, thrown.message).toBe(code);
  expect(thrown.kind).toEqual(problemKinds().get(code));
  expect(thrown.content.detail.length).toBeGreaterThan(15);
  if (facts !== undefined) expect(thrown.content.facts).toEqual(facts);
  return thrown;
}

/** Reads a list to its end, page by page. Answers the pages. */
export async function readPages<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
  pagesMax = 50,
): Promise<T[][]> {
  const pages: T[][] = [];
  for (let cursor: string | undefined; pages.length < pagesMax;) {
    const page = await read(cursor);
    pages.push(page.items);
    if (page.nextCursor === null) return pages;
    cursor = page.nextCursor;
  }
  return expect.fail(`the list did not end within ${pagesMax} pages`);
}

/** Cursors nobody gave out: no base64, no JSON, another shape. */
export const foreignCursors = [
  '',
  '!!!',
  'AAAA',
  Buffer.from('["somewhere","newer",1,2,"x"]').toString('base64url'),
];
