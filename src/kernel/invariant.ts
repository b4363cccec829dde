/** Thrown when the program itself is wrong: never caused by input, never answered as 4xx, always worth a page. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  constructor(
    readonly promise: string,
    readonly facts: Record<string, unknown> = {},
  ) {
    const told = JSON.stringify(facts, (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    super(`invariant broken: ${promise} ${told}`);
  }
}

/** Asserts a promise of the code, e.g. `invariant(sum.isZero(), 'ledger entries balance', { asset })`. */
export function invariant(
  condition: boolean,
  promise: string,
  facts?: Record<string, unknown>,
): asserts condition {
  if (!condition) throw new InvariantViolation(promise, facts);
}
