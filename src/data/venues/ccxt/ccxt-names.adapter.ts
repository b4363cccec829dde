import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where ccxt keeps a file for each exchange: loading one costs a third of loading all hundred. */
const folder = (): string => join(dirname(createRequire(import.meta.url).resolve('ccxt')), '..', 'js', 'src');
const namePattern = /^[a-z0-9]{1,20}$/;

/** The file of an exchange, with its streams where ccxt has them; null for a name that ccxt does not know. */
export function ccxtFile(exchange: string): string | null {
  if (!namePattern.test(exchange)) return null;
  const files = [join(folder(), 'pro', `${exchange}.js`), join(folder(), `${exchange}.js`)];
  return files.find((file) => existsSync(file)) ?? null;
}
