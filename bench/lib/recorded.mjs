import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const folder = new URL('../../../shared/market/', import.meta.url);

/** Messages of tick recordings (`<local ns> <raw JSON>` a line), parsed anew at each call, so that no text is shared. */
export function recordedTicks(...names) {
  return names.flatMap((name) => {
    const file = new URL(`ticks/${name}`, folder);
    if (!existsSync(file))
      throw new Error(`this row needs real market data, which is not at ${file.pathname}`);
    const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line.slice(line.indexOf(' ') + 1)));
  });
}

export function expected(name) {
  return JSON.parse(readFileSync(new URL(`expected/${name}`, folder), 'utf8'));
}

export const spotFiles = ['binance_spot_btcusdt_20240808.gz', 'binance_spot_btcusdt_20240809.gz'];
export const futuresFiles = ['binance_usdm_btcusdt_20240808.gz'];
