#!/usr/bin/env node
/**
 * Reads the JSON report of a vitest run and the exit code it ended with; prints `<passed> <failed>` on one line.
 *   node scripts/count-tests.mjs <report.json> <exit code>
 * What did not run counts as failed: a skipped test, a file that could not be loaded, a run without a report.
 */
import { existsSync, readFileSync } from 'node:fs';

const [path, exitCode] = process.argv.slice(2);

function count() {
  if (!existsSync(path)) return { passed: 0, failed: 1, why: ['there is no report'] };
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'));
  const tests = testResults.flatMap((file) => file.assertionResults);
  const why = [];
  for (const file of testResults)
    if (file.status === 'failed' && file.assertionResults.every((test) => test.status === 'passed'))
      why.push(`${file.name} failed as a whole`);
  for (const test of tests) if (test.status !== 'passed') why.push(`${test.status}: ${test.fullName}`);
  if (tests.length === 0) why.push('there are no tests');
  if (exitCode !== '0' && why.length === 0)
    why.push(`every test passed, and yet the run ended with ${exitCode}`);
  return { passed: tests.filter((test) => test.status === 'passed').length, failed: why.length, why };
}

const { passed, failed, why } = count();
for (const reason of why) console.error(reason);
console.log(`${passed} ${failed}`);
