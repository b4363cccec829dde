#!/usr/bin/env node
/** npm run check:long [vitest arguments]: the proofs that take longer than `npm test` may (`*.long.spec.ts`). */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, LONG_TESTS: '1' },
});
process.exit(status ?? 1);
