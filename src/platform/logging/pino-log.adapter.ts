import { pino, type DestinationStream, type Logger } from 'pino';
import { Log } from '../../kernel/log.js';
import { humanLine } from './human-line.js';
import type { LogConfig, LogLevel } from './logging.config.js';
import { redacted } from './redact.js';

/** Bytes that may wait for a slow reader of the log before lines are dropped (and counted). */
const bufferBytesMax = 16 * 1024 * 1024;
/** Lines are written together, at the latest after this time: a system call for each would cost more than the line. */
const batchBytes = 8 * 1024;
const batchMs = 200;
const debugLevel = 20;
const infoLevel = 30;

export interface LogTarget extends DestinationStream {
  flush(): void;
  /** Lines lost because the reader was too slow. */
  readonly dropped: number;
}

/** Where the server's log ends: pino writes to the destination without blocking and flushes when the process exits. */
export class PinoLog extends Log {
  constructor(
    private readonly pino: Logger,
    private readonly target: LogTarget,
  ) {
    super();
  }

  debug(facts: Record<string, unknown>, sentence: string): void {
    if (this.pino.levelVal <= debugLevel) this.pino.debug(redacted(facts), sentence);
  }

  info(facts: Record<string, unknown>, sentence: string): void {
    if (this.pino.levelVal <= infoLevel) this.pino.info(redacted(facts), sentence);
  }

  warn(facts: Record<string, unknown>, sentence: string): void {
    this.pino.warn(redacted(facts), sentence);
  }

  error(facts: Record<string, unknown>, sentence: string): void {
    this.pino.error(redacted(facts), sentence);
  }

  of(part: string): Log {
    return new PinoLog(this.pino.child({ part }), this.target);
  }

  /** Writes what is still buffered, blocking; for the last line before an exit. */
  flush(): void {
    this.target.flush();
  }

  get dropped(): number {
    return this.target.dropped;
  }
}

/** The server's log as configured; `target` is standard output unless a test gives its own. */
export function createLog(config: LogConfig, target?: LogTarget): PinoLog {
  const terminal = process.stdout.isTTY === true;
  const human = config.format === 'human' || (config.format === 'auto' && terminal);
  const color = terminal && config.noColor === undefined;
  const end = target ?? openTarget(1, human);
  const stream = human
    ? { write: (line: string) => end.write(humanLine(JSON.parse(line) as Record<string, unknown>, color)) }
    : end;
  return new PinoLog(pino(pinoOptions(config.level), stream), end);
}

function pinoOptions(level: LogLevel): pino.LoggerOptions {
  return {
    level,
    base: undefined,
    messageKey: 'message',
    timestamp: timestamps(),
    formatters: { level: (label) => ({ level: label }) },
  };
}

/**
 * Lines for people are written at once, so that they stay in order with what else is printed;
 * otherwise nobody waits for the reader, and what is buffered is written when the process exits.
 */
export function openTarget(fd: number, sync: boolean): LogTarget {
  let dropped = 0;
  const batched = sync ? {} : { minLength: batchBytes, periodicFlush: batchMs };
  const stream = pino.destination({ fd, sync, maxLength: bufferBytesMax, ...batched } as Parameters<
    typeof pino.destination
  >[0]);
  stream.on('drop', () => (dropped += 1));
  return {
    write: (line) => stream.write(line),
    flush: () => stream.flushSync(),
    get dropped() {
      return dropped;
    },
  };
}

/** RFC 3339 with milliseconds; the part down to the second is made once a second. */
function timestamps(): () => string {
  let second = -1;
  let prefix = '';
  return () => {
    const nowMs = Date.now();
    const nowSecond = Math.floor(nowMs / 1000);
    if (nowSecond !== second) {
      second = nowSecond;
      prefix = `,"time":"${new Date(nowMs).toISOString().slice(0, 20)}`;
    }
    return `${prefix}${String(nowMs - nowSecond * 1000).padStart(3, '0')}Z"`;
  };
}
