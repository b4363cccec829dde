import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { marketFile } from '../market.js';

/** One message as it was received; `atMs` is the recorder's clock. */
export interface Recorded {
  readonly atMs: number;
  readonly text: string;
}

export interface RecordedAnswer extends Recorded {
  readonly url: URL;
}

/** What a venue said, in order: over its stream, and in answer to requests. */
export interface Recording {
  readonly messages: readonly Recorded[];
  readonly answers: readonly RecordedAnswer[];
}

function textOf(name: string): string {
  const bytes = readFileSync(marketFile(name));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

const answerLine = /^(\S+) -> ([\d.]+): (.*)$/;
const messageLine = /^([\d.]+): (.*)$/;

/**
 * Recordings under `wire/cryptofeed/`, one after the other: `url -> t: body` answers, `t: body` messages. What the
 * recorder itself sent is left out: here the client under test speaks.
 */
export function wireRecording(...names: string[]): Recording {
  const messages: Recorded[] = [];
  const answers: RecordedAnswer[] = [];
  for (const line of names.flatMap((name) => textOf(`wire/cryptofeed/${name}`).split('\n'))) {
    const answer = answerLine.exec(line);
    if (answer) {
      answers.push({ url: new URL(answer[1]), atMs: Number(answer[2]) * 1000, text: answer[3] });
      continue;
    }
    const message = messageLine.exec(line);
    if (message) messages.push({ atMs: Number(message[1]) * 1000, text: message[2] });
  }
  return { messages, answers };
}

/** Recordings under `ticks/`: `<local ns> <raw combined-stream message>`; a line without stream answered `/depth`. */
export function tickRecording(...names: string[]): Recording {
  const messages: Recorded[] = [];
  const answers: RecordedAnswer[] = [];
  for (const name of names) {
    const url = new URL(`https://ticks.test/depth?symbol=${/_([a-z]+)_\d+/.exec(name)![1].toUpperCase()}`);
    for (const line of textOf(`ticks/${name}`).split('\n')) {
      if (line === '') continue;
      const blank = line.indexOf(' ');
      const atMs = Number(line.slice(0, blank)) / 1e6;
      const text = line.slice(blank + 1);
      if (text.startsWith('{"stream"')) messages.push({ atMs, text });
      else answers.push({ url, atMs, text });
    }
  }
  return { messages, answers };
}

/** Several recordings as one, in the order of their times. */
export function merged(...recordings: Recording[]): Recording {
  const inTime = <T extends Recorded>(lists: readonly (readonly T[])[]): T[] =>
    lists.flat().sort((a, b) => a.atMs - b.atMs);
  return {
    messages: inTime(recordings.map(({ messages }) => messages)),
    answers: inTime(recordings.map(({ answers }) => answers)),
  };
}

/** The names under which the bundle keeps what each venue said. */
export const recordings = {
  binanceTicks: (): Recording =>
    tickRecording('binance_spot_btcusdt_20240808.gz', 'binance_spot_btcusdt_20240809.gz'),
  binanceFuturesTicks: (): Recording => tickRecording('binance_usdm_btcusdt_20240808.gz'),
  binance: (): Recording => wireRecording('BINANCE.0.gz', 'BINANCE.http.0.0.gz', 'BINANCE.ws.1.0'),
  binanceFutures: (): Recording =>
    wireRecording('BINANCE_FUTURES.0.gz', 'BINANCE_FUTURES.http.0.0.gz', 'BINANCE_FUTURES.ws.1.0.gz'),
  coinbase: (): Recording => wireRecording('COINBASE.0', 'COINBASE.ws.28.0.gz'),
  /** Trades, tickers and books were recorded over a connection each. */
  kraken: (): Recording =>
    merged(
      wireRecording('KRAKEN.0.gz', 'KRAKEN.ws.48.0'),
      wireRecording('KRAKEN.ws.49.0'),
      wireRecording('KRAKEN.ws.50.0.gz'),
    ),
};
