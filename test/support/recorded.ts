import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { marketFile } from './market.js';

/** Lines of a recording, plain or gzipped. */
export function recordedLines(file: string): string[] {
  const bytes = readFileSync(marketFile(file));
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').filter((line) => line !== '');
}

/** Messages of a tick recording: `<local ns> <raw JSON>` a line. */
// oxlint-disable-next-line typescript/no-explicit-any -- A venue's message has the shape the venue gave it.
export function recordedTicks(...files: string[]): any[] {
  return files.flatMap(recordedLines).map((line) => JSON.parse(line.slice(line.indexOf(' ') + 1)));
}

/** Text of every message received over a recorded WebSocket: `<seconds>: <text>` a line. */
export function receivedTexts(file: string): string[] {
  return recordedLines(file).flatMap((line) => /^[\d.]+: (.*)$/.exec(line)?.[1] ?? []);
}

/** Bodies of recorded REST answers, by address: `<url> -> <seconds>: <text>` a line. */
export function answeredTexts(file: string): Map<string, string> {
  return new Map(
    recordedLines(file).flatMap((line) => {
      const match = /^(\S+) -> [\d.]+: (.*)$/.exec(line);
      return match ? [[match[1], match[2]] as const] : [];
    }),
  );
}
