import { defineConfig } from 'vitest/config';

// Proofs that take longer than `npm test` may: `*.long.spec.ts`, run by `npm run check:long` and so by CI.
const long = process.env.LONG_TESTS === '1';

export default defineConfig({
  test: {
    include: long
      ? ['src/**/*.long.spec.ts', 'test/**/*.long.spec.ts']
      : ['src/**/*.spec.ts', 'test/**/*.spec.ts'],
    exclude: [
      'test/fixtures/**',
      'node_modules/**',
      'dist/**',
      ...(long ? [] : ['src/**/*.long.spec.ts', 'test/**/*.long.spec.ts']),
    ],
    setupFiles: ['test/support/setup.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: long ? 600_000 : 20_000,
    hookTimeout: long ? 600_000 : 60_000,
    // What is waited for comes within milliseconds; on a busy machine a second was not always enough.
    expect: { poll: { timeout: 5_000 } },
    pool: 'forks',
    // Half of the time is waiting for PostgreSQL or for a process to start: a worker for each core, none left over.
    maxWorkers: '100%',
  },
});
