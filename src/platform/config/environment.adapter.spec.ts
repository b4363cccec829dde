import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.adapter.js';

describe('the environment', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'env-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('reads the .env file beside the process, and lets the environment win', () => {
    writeFileSync(join(directory, '.env'), '# a note\nRRR_FROM_FILE="quoted text"\nPATH=nowhere\n');
    const environment = readEnvironment(directory);
    expect(environment.RRR_FROM_FILE).toBe('quoted text');
    expect(environment.PATH).toBe(process.env.PATH);
  });

  it('does without a file', () => {
    expect(readEnvironment(directory).PATH).toBe(process.env.PATH);
  });

  it('says which file it could not read', () => {
    mkdirSync(join(directory, '.env'));
    expect(() => readEnvironment(directory)).toThrow(/\.env is unreadable \(EISDIR\)/);
  });
});
