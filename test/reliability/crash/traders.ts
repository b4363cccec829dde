import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Heard } from './checker.js';
import type { JournalLine } from './intents.js';
import { readJournal } from './journal-file.js';
import type { TraderOrders } from './trader.process.js';

interface Bot {
  readonly child: ChildProcess;
  readonly progress: { answers: number; unknown: number; heard: number };
  errors: string;
}

/** The traders' bots, each a process of its own. */
export class Traders {
  private readonly bots: Bot[] = [];

  constructor(
    private readonly script: string,
    private readonly orders: readonly TraderOrders[],
  ) {}

  start(): void {
    for (const orders of this.orders) {
      const child = spawn(process.execPath, ['--enable-source-maps', this.script, JSON.stringify(orders)], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      const bot: Bot = { child, progress: { answers: 0, unknown: 0, heard: 0 }, errors: '' };
      child.on('message', (progress) => Object.assign(bot.progress, progress));
      child.stderr!.on('data', (data) => (bot.errors += String(data)));
      this.bots.push(bot);
    }
  }

  /** Answers all of them got so far. */
  get answers(): number {
    return this.bots.reduce((sum, { progress }) => sum + progress.answers, 0);
  }

  /** Resolves once this many more answers came. Throws when they do not, or when a bot has died. */
  async hear(more: number, withinMs: number): Promise<void> {
    const [wanted, endMs] = [this.answers + more, performance.now() + withinMs];
    while (this.answers < wanted) {
      const dead = this.bots.find(({ child }) => child.exitCode !== null);
      if (dead !== undefined) throw new Error(`a trader's process has died:\n${dead.errors}`);
      if (performance.now() > endMs)
        throw new Error(
          `traders got ${more - wanted + this.answers} of ${more} answers within ${withinMs} ms`,
        );
      await sleep(10);
    }
  }

  /** No new intents; what is open is settled within the time, or stays unknown. */
  async settle(settleMs: number): Promise<void> {
    await Promise.all(
      this.bots.map(async ({ child, errors }) => {
        if (child.exitCode !== null) throw new Error(`a trader's process has died:\n${errors}`);
        const ended = once(child, 'exit');
        child.send({ settleMs });
        const [code] = (await ended) as [number | null];
        if (code !== 0) throw new Error(`a trader's process ended with ${code}`);
      }),
    );
  }

  kill(): void {
    for (const { child } of this.bots) child.kill('SIGKILL');
  }

  /** Everything they wrote down. */
  written(): { lines: JournalLine[]; heard: Heard[] } {
    const read = <T>(name: string): T[] =>
      this.orders.flatMap(({ folder, number }) => readJournal<T>(join(folder, `${name}-${number}.jsonl`)));
    return { lines: read('trader'), heard: read('heard') };
  }
}
