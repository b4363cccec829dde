import type { FeatureCandle } from '../features/candle.js';

const header = 'timestamp_ms,open,high,low,close,volume';

/**
 * Candles from CSV text with the header `timestamp_ms,open,high,low,close,volume`, oldest first.
 * Throws RangeError naming the line when one cannot be read; what the numbers mean is checked by the feature stream.
 */
export function parseCandleCsv(text: string): FeatureCandle[] {
  const lines = text.split('\n');
  if (lines[0].trim() !== header) {
    throw new RangeError(`line 1 is ${JSON.stringify(lines[0].trim().slice(0, 80))}; it must be ${header}`);
  }
  const candles: FeatureCandle[] = [];
  for (let n = 1; n < lines.length; n += 1) {
    const line = lines[n].trim();
    if (line === '') continue;
    const cells = line.split(',');
    const numbers = cells.map((cell) => (cell.trim() === '' ? Number.NaN : Number(cell)));
    if (cells.length !== 6 || !numbers.every(Number.isFinite)) {
      throw new RangeError(`line ${n + 1} is ${JSON.stringify(line.slice(0, 80))}; six numbers are needed`);
    }
    const [timeMs, open, high, low, close, volume] = numbers;
    candles.push({ timeMs, open, high, low, close, volume });
  }
  return candles;
}
