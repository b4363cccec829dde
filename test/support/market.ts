import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../shared/market/', import.meta.url));

/**
 * Real market data is not part of the project (its licences do not allow it). Where the folder lies beside the
 * checkout the tests that need it always run; where it does not, they say so loudly.
 */
export const marketPresent = existsSync(folder);

export function marketFile(name: string): string {
  return `${folder}${name}`;
}

/** Call at the top of a spec: false (with a warning nobody overlooks) when real data is not there. */
export function needsMarket(what: string): boolean {
  if (!marketPresent) {
    console.warn(`\n!!! NOT RUN: ${what}\n!!! needs real market data in ${folder}, which is not there\n`);
  }
  return marketPresent;
}
