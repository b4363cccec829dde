import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { marketFile } from '../market.js';

export interface RecordedPair {
  readonly method: string;
  readonly path: string;
  /** Whether the venue wants an API key for it. */
  readonly authenticated: boolean;
  readonly body: string;
}

const read = new Map<string, RecordedPair[]>();

/** Request/answer pairs of `wire/binance_net/Endpoints/<folder>`: method, path, authentication, then the body. */
export function binancePairs(folder: 'Spot' | 'UsdFutures' | 'CoinFutures'): RecordedPair[] {
  const kept = read.get(folder);
  if (kept) return kept;
  const root = marketFile(`wire/binance_net/Endpoints/${folder}`);
  const pairs = existsSync(root)
    ? readdirSync(root).flatMap((group) =>
        readdirSync(`${root}/${group}`).map((name) => {
          const lines = readFileSync(`${root}/${group}/${name}`, 'utf8').split(/\r?\n/);
          const [method, path, authenticated] = lines.map((line) => line.trim());
          return {
            method,
            path: path.split('?')[0],
            authenticated: authenticated === 'true',
            body: lines.slice(3).join('\n').trim(),
          };
        }),
      )
    : [];
  read.set(folder, pairs);
  return pairs;
}
