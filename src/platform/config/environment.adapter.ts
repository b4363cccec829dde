import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigFault, type Environment } from './config.js';

/**
 * The environment of this process over the `.env` file of `directory`: the one place that reads either.
 * A missing file is fine; one that cannot be read is a ConfigFault.
 */
export function readEnvironment(directory: string = process.cwd()): Environment {
  const file = join(directory, '.env');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return process.env;
    throw new ConfigFault([
      { variable: '.env', found: `unreadable (${code})`, allowed: `a readable file, or no file: ${file}` },
    ]);
  }
  return { ...parseEnv(text), ...process.env };
}
