#!/usr/bin/env node
/**
 * npm run soak: recorded ticks at 20x for ten minutes into the built server while 200 clients follow its stream.
 * SOAK_SECONDS, SOAK_CLIENTS and SOAK_SPEED change that. Prints a table; fails when anything was lost or memory grew.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/reliability/soak.long.spec.ts'], {
  stdio: 'inherit',
  env: { SOAK_SECONDS: '600', ...process.env, LONG_TESTS: '1' },
});
process.exit(status ?? 1);
