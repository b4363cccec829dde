/** Before each run: which mutant is awake, and the same histories for all of them. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';

globalThis.mutant = Number(readFileSync(process.env.MUTANT_FILE, 'utf8'));
fc.configureGlobal({ seed: 20240501, endOnFailure: true });
