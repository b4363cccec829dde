import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository } from './sources.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ci-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the count of tests', () => {
  const test = (fullName: string, status = 'passed'): object => ({ fullName, status });
  const file = (assertionResults: object[], status = 'passed'): object => ({
    name: 'a.spec.ts',
    status,
    assertionResults,
  });
  const counted = (testResults: object[] | null, exitCode = 0): [string, string] => {
    const report = join(folder, 'report.json');
    rmSync(report, { force: true });
    if (testResults) writeFileSync(report, JSON.stringify({ testResults }));
    const script = join(repository, 'scripts/count-tests.mjs');
    const { stdout, stderr } = spawnSync(process.execPath, [script, report, String(exitCode)], {
      encoding: 'utf8',
    });
    return [stdout.trim(), stderr.trim()];
  };

  it('is what the report says', () => {
    expect(counted([file([test('a'), test('b')]), file([test('c')])])).toEqual(['3 0', '']);
    expect(counted([file([test('a'), test('b', 'failed')], 'failed')], 1)).toEqual(['1 1', 'failed: b']);
  });

  it('takes what did not run for failed', () => {
    expect(counted([file([test('a'), test('b', 'pending'), test('c', 'todo')])])[0]).toBe('1 2');
    expect(counted([file([test('a')]), file([], 'failed')], 1)).toEqual([
      '1 1',
      'a.spec.ts failed as a whole',
    ]);
    expect(counted([])).toEqual(['0 1', 'there are no tests']);
    expect(counted(null)).toEqual(['0 1', 'there is no report']);
  });

  it('does not believe a run that failed although every test passed', () => {
    expect(counted([file([test('a')])], 1)).toEqual([
      '1 1',
      'every test passed, and yet the run ended with 1',
    ]);
  });
});

// The slow stop alone takes six seconds, and each case starts two processes.
describe('the server under a check', { timeout: 60_000 }, () => {
  /** A server that is ready, or not, and stops as told. */
  const served = async (main: string, ...command: string[]): Promise<{ code: number; output: string }> => {
    const house = mkdtempSync(join(folder, 'house-'));
    mkdirSync(join(house, 'dist/src'), { recursive: true });
    writeFileSync(join(house, 'package.json'), '{"type":"module"}');
    writeFileSync(join(house, 'dist/src/main.js'), main);
    const script = join(repository, 'scripts/with-server.mjs');
    const child = spawn(process.execPath, [script, '--in', house, '--', ...command]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output += String(chunk)));
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  };
  const listens = `
    import { createServer } from 'node:http';
    const server = createServer((request, answer) => answer.end(request.url)).listen(Number(process.env.PORT), process.env.HOST);
  `;
  const stops = `${listens} process.on('SIGTERM', () => { server.closeAllConnections(); server.close(() => process.exit(0)); });`;
  const asks = `
    const answer = await fetch(process.env.SERVER_URL + '/x');
    process.exit((await answer.text()) === '/x' && process.env.ADMIN_PASSWORD.length > 16 ? 0 : 1);
  `;

  it('is given to the command, stopped and found clean', async () => {
    const { code, output } = await served(stops, process.execPath, '--input-type=module', '-e', asks);
    expect(output).toMatch(/Ready after .* s at http:\/\/127\.0\.0\.1:\d+\.\nStopped after 0\.\d s\.\n$/);
    expect(code).toBe(0);
  });

  it.concurrent.each([
    ['does not pass when the command fails', stops, ['false'], 'false ended with 1'],
    ['does not pass when it ends at once', "console.log('no room'); process.exit(1);", [], 'no room'],
    [
      'does not pass when it ends with a fault',
      `${listens} process.on('SIGTERM', () => process.exit(3));`,
      [],
      'ended with 3',
    ],
    [
      'does not pass when it stops slowly',
      `${listens} process.on('SIGTERM', () => setTimeout(() => process.exit(0), 5500));`,
      [],
      'to stop',
    ],
    [
      'does not pass when it leaves a database behind',
      `${stops} import fs from 'node:fs'; fs.mkdirSync(process.env.DATA_DIR); fs.writeFileSync(process.env.DATA_DIR + '/postmaster.pid', '');`,
      [],
      'postmaster.pid',
    ],
  ])('%s', async (_name, main, command, says) => {
    const { code, output } = await served(main, ...command);
    expect(output).toContain(says);
    expect(code).toBe(1);
    const kept = /Its data is kept in (.+)\.$/m.exec(output)?.[1];
    if (kept) rmSync(kept, { recursive: true, force: true });
  });
});

describe('.ci/run', () => {
  const script = readFileSync(join(repository, '.ci/run'), 'utf8');

  it('stops at the first surprise, asks nobody and needs no terminal', () => {
    expect(script).toMatch(/^#!\/usr\/bin\/env bash$/m);
    expect(script).toContain('set -euo pipefail');
    expect(script).toContain('exec </dev/null');
    expect(spawnSync('bash', ['-n', join(repository, '.ci/run')]).status).toBe(0);
  });

  it('runs only commands that the manifest has', () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      scripts: object;
    };
    const wanted = [...script.matchAll(/npm run (?:--silent )?([a-z0-9:]+)/g)].map((found) => found[1]);
    expect(wanted.length).toBeGreaterThan(4);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(wanted));
  });

  it('counts in its last line', () => {
    const shortened = script
      .replace(/^cd .*$/m, `cd ${JSON.stringify(repository)}`)
      .replace(
        /^check 'install[\s\S]*$/m,
        "check good true\ncheck bad false\ncheck 'good too' true\nfinish\n",
      );
    const { status, stdout } = spawnSync('bash', ['-c', shortened], { encoding: 'utf8' });
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('2 passed, 1 failed');
    expect(status).toBe(1);
  });
});
