import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** What `embedded-owner.ts` prints. */
export interface OwnerLine {
  readonly url?: string;
  readonly origin?: string;
  readonly readyMs?: number;
  readonly stopMs?: number;
  readonly answered?: boolean;
  readonly fault?: string;
  readonly message?: string;
}

/** A server process of its own that a test may kill in any way. */
export class OwnerProcess {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly exited: Promise<unknown>;

  constructor(script: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [script, ...args], {
      // A process group of its own, as a terminal gives one to each command.
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.exited = once(this.child, 'exit');
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line it prints. Throws when it ends before. */
  async said(): Promise<OwnerLine> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error('the process ended and said nothing');
    return JSON.parse(value as string) as OwnerLine;
  }

  /** Resolves once it has ended; the answer is what it printed on its way, if anything. */
  async end(signal: NodeJS.Signals): Promise<OwnerLine | null> {
    this.child.kill(signal);
    await this.exited;
    const { value, done } = await this.lines.next();
    return done === true ? null : (JSON.parse(value as string) as OwnerLine);
  }

  /** As Ctrl-C does: the signal goes to the whole process group. */
  interrupt(): void {
    process.kill(-this.child.pid!, 'SIGINT');
  }

  isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}
