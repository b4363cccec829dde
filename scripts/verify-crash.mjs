#!/usr/bin/env node
/**
 * npm run verify:crash [-- --kills <n>] [-- --seed <n>]: kills a trading server and its database again and again and
 * holds what clients were told against what is stored. Prints the table; fails when anything was lost, doubled or
 * otherwise wrong, or when the run put too little to the test. With --teeth it also shows that built-in defects are
 * noticed. docs/reliability.md explains.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const wholeNumber = (text, name) => {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    console.error(
      `--${name} is ${text}; allowed is a whole number from 1; run npm run verify:crash -- --kills 300 --seed 2`,
    );
    process.exit(2);
  }
  return text;
};

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    teeth: { type: 'boolean', default: false },
  },
});
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const specs = ['crash', ...(values.teeth ? ['teeth'] : [])].map(
  (name) => `test/reliability/crash/${name}.long.spec.ts`,
);
const { status } = spawnSync(process.execPath, [vitest, 'run', ...specs], {
  stdio: 'inherit',
  env: {
    ...process.env,
    LONG_TESTS: '1',
    CRASH_KILLS: wholeNumber(values.kills, 'kills'),
    CRASH_SEED: wholeNumber(values.seed, 'seed'),
  },
});
process.exit(status ?? 1);
