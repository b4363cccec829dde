import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { SeededRandom } from '../../../src/kernel/random.js';
import { Caller, type Outcome } from './caller.js';
import { type Intent, nextIntent } from './intents.js';
import { JournalFile } from './journal-file.js';

/**
 * A trader's bot as a process of its own: says what it means to do on disk before it says so to the server, and what it
 * heard on disk before it goes on. After an unknown outcome it says the same again, under the same name, until it knows.
 */
export interface TraderOrders {
  /** From 1; no other bot's. */
  readonly number: number;
  readonly url: string;
  readonly token: string;
  readonly folder: string;
  readonly seed: number;
  readonly instruments: readonly string[];
  /** A lane does one thing at a time on one account. */
  readonly lanes: readonly string[];
  /** Whole pause between two acts of a lane, on average. */
  readonly thinkMs: number;
  /** Built wrong, on purpose: sends an order of unknown outcome again under a new name. */
  readonly renames: boolean;
}

const told = JSON.parse(process.argv[2]) as TraderOrders;
const caller = new Caller(told.url, told.token);
const journal = new JournalFile(join(told.folder, `trader-${told.number}.jsonl`));
const heard = new JournalFile(join(told.folder, `heard-${told.number}.jsonl`));
const marks = new Map<string, number>();
const progress = { answers: 0, unknown: 0, heard: 0 };
/** When the bot stops waiting for answers: null while it means to do more; and whether its last lane has ended. */
const trading = { giveUpAtMs: null as number | null, over: false };
let socket: WebSocket | null = null;

async function lane(number: number, account: string): Promise<void> {
  const name = `c${told.number}.${number}`;
  const random = new SeededRandom(`${told.seed} ${name}`);
  const instrument = told.instruments[number % told.instruments.length];
  const trails = account === told.lanes.at(-1);
  const open = new Map<string, { id: string; limitPrice: string | null; quantity: string }>();
  const used: string[] = [];
  for (let n = 1; trading.giveUpAtMs === null; n += 1) {
    const mark = marks.get(instrument);
    if (mark === undefined) {
      await sleep(50);
      continue;
    }
    const intent = nextIntent(
      `${name}.${n}`,
      n,
      { account, instrument, mark, open: [...open.values()], used, trails },
      random,
    );
    await journal.append({ k: 'intent', intent });
    const body = await settled(intent);
    if (intent.act === 'place' && typeof body?.id === 'string') {
      used.push(body.clientOrderId);
      if (used.length > 50) used.shift();
    }
    if (intent.act === 'cancel' || intent.act === 'amend') open.delete(intent.orderId!);
    if (typeof body?.id === 'string' && body.leavesQuantity !== '0') open.set(body.id, body);
    if (intent.act === 'cancel-all') open.clear();
    await sleep(2 * told.thinkMs * random.nextFloat());
  }
}

/** Asks until somebody knows; answers the body of a success. */
async function settled(intent: Intent): Promise<any> {
  let key = intent.key;
  for (let attempt = 0; trading.giveUpAtMs === null || performance.now() < trading.giveUpAtMs; attempt += 1) {
    if (attempt > 0) {
      await journal.append({ k: 'sent', id: intent.id, ...(key === undefined ? {} : { key }) });
    }
    const outcome = await send(intent, key);
    if (outcome.kind === 'answer' && !(outcome.status === 409 && outcome.body?.retryable === true)) {
      const { status, replayed, body } = outcome;
      await journal.append({ k: 'answer', id: intent.id, status, replayed, body });
      progress.answers += 1;
      return status < 300 ? body : null;
    }
    const why = outcome.kind === 'answer' ? String(outcome.body.code) : outcome.why;
    await journal.append({ k: outcome.kind === 'unknown' ? 'unknown' : 'untaken', id: intent.id, why });
    if (outcome.kind === 'unknown') {
      progress.unknown += 1;
      if (told.renames && key !== undefined) key = `${intent.key}.again${attempt}`;
    }
    await sleep(Math.min(200, 20 * 2 ** attempt));
  }
  return null;
}

function send({ act, account, body, orderId }: Intent, key: string | undefined): Promise<Outcome> {
  const of = `/v1/accounts/${account}`;
  if (act === 'place') return caller.call('POST', `${of}/orders`, { clientOrderId: key, ...body });
  if (act === 'amend') return caller.call('PATCH', `${of}/orders/${orderId}`, body, { 'if-match': '*' });
  if (act === 'cancel') return caller.call('DELETE', `${of}/orders/${orderId}`);
  if (act === 'cancel-all') return caller.call('DELETE', `${of}/orders`);
  return caller.call('POST', `${of}/transfers`, body, { 'idempotency-key': key! });
}

async function watchPrices(): Promise<void> {
  while (trading.giveUpAtMs === null) {
    for (const instrument of told.instruments) {
      const outcome = await caller.call('GET', `/v1/quotes/${instrument}`);
      if (outcome.kind !== 'answer' || outcome.status !== 200) continue;
      const mark = Number(outcome.body.mark);
      if (mark > 0) marks.set(instrument, mark);
    }
    await sleep(marks.size === 0 ? 50 : 500);
  }
}

/** Writes down every account event the stream tells, across all its interruptions. */
async function listen(): Promise<void> {
  const since = new Map(told.lanes.map((account) => [account, 0]));
  while (!trading.over) {
    await new Promise<void>((closed) => {
      socket = new WebSocket(`${told.url.replace(/^http/, 'ws')}/v1/stream`);
      const say = (message: object): void => socket!.send(JSON.stringify(message));
      socket.on('open', () => say({ op: 'auth', token: told.token }));
      socket.on('message', (data) => {
        const frame = JSON.parse(data.toString());
        if (frame.op === 'authenticated') {
          for (const [accountId, seq] of since) {
            const params = { accountId, since: seq };
            say({ op: 'subscribe', id: accountId, channel: 'account', params });
          }
        }
        if (frame.ch !== 'account') return;
        since.set(frame.key, frame.seq);
        progress.heard += 1;
        void heard.append({ account: frame.key, seq: frame.seq, event: frame.data });
      });
      socket.on('error', () => undefined);
      socket.on('close', () => closed());
    });
    await sleep(30);
  }
}

process.on('message', ({ settleMs }: { settleMs: number }) => {
  trading.giveUpAtMs = performance.now() + settleMs;
});
process.on('disconnect', () => process.exit(1));
const telling = setInterval(() => process.send!(progress), 50);
const listening = listen();
await Promise.all([watchPrices(), ...told.lanes.map((account, n) => lane(n, account))]);
trading.over = true;
// What was committed last is still on its way.
await sleep(300);
(socket as WebSocket | null)?.terminate();
await listening;
clearInterval(telling);
await journal.close();
await heard.close();
process.exit(0);
