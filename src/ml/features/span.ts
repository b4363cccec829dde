/** Checks a window length. Spans are counted in bars; at most a million, so that no window can exhaust memory. */
export function checkSpan(span: number, least = 1): number {
  if (!Number.isInteger(span) || span < least || span > 1_000_000) {
    throw new RangeError(`span=${span}, allowed: a whole number of bars from ${least} to 1000000`);
  }
  return span;
}

/** Updates after which a share of at most `residue` of its seed is left in an exponential average of this weight. */
export function updatesToForget({ weight, residue }: { weight: number; residue: number }): number {
  return Math.ceil(Math.log(residue) / Math.log1p(-weight));
}
