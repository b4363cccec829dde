import { pino, type DestinationStream, type Logger } from 'pino';
import { type LineValue, Log } from '../../kernel/log.js';
import { humanLine } from './human-line.js';
import type { LogConfig, LogLevel } from './logging.config.js';
import { LineTarget } from './line-target.adapter.js';
import { lineText } from './line-text.js';
import { redacted } from './redact.js';

/** Characters that may wait for a slow reader of the log before lines are dropped (and counted). */
const waitingLengthMax = 16 * 1024 * 1024;
/** Lines are written together, at the latest after this time: a system call for each would cost more than the line. */
const batchLength = 8 * 1024;
const batchMs = 200;
/** Part of the five seconds that a stop may take. */
const flushMsMax = 500;
const debugLevel = 20;
const infoLevel = 30;

export interface LogTarget extends DestinationStream {
  flush(): void;
  /** Lines lost because the reader was too slow. */
  readonly dropped: number;
}

/** The server's log: pino makes the lines, a `LineTarget` writes them without blocking and flushes at the exit. */
export class PinoLog extends Log {
  constructor(
    private readonly pino: Logger,
    private readonly target: LogTarget,
    /** Where lines made by hand go; null when lines are for people, who read few. */
    private readonly direct: DirectLines | null,
    private readonly part?: string,
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

  lines(sentence: string, names: readonly string[]): (values: readonly LineValue[]) => void {
    const { direct } = this;
    if (direct === null) {
      return (values) => this.info(Object.fromEntries(names.map((name, n) => [name, values[n]])), sentence);
    }
    const text = lineText(this.part === undefined ? [] : [['part', this.part]], names, sentence);
    return (values) => {
      if (this.pino.levelVal <= infoLevel) this.target.write(text(direct.time(), values));
    };
  }

  of(part: string): Log {
    return new PinoLog(this.pino.child({ part }), this.target, this.direct, part);
  }

  /** Writes what is still buffered, blocking for at most half a second; for the last line before an exit. */
  flush(): void {
    this.target.flush();
  }

  get dropped(): number {
    return this.target.dropped;
  }
}

/** What a line made without the library needs of it. */
interface DirectLines {
  /** `,"time":"…"` */
  time(): string;
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
  const time = timestamps();
  return new PinoLog(pino(pinoOptions(config.level, time), stream), end, human ? null : { time });
}

function pinoOptions(level: LogLevel, timestamp: () => string): pino.LoggerOptions {
  return {
    level,
    base: undefined,
    messageKey: 'message',
    timestamp,
    formatters: { level: (label) => ({ level: label }) },
  };
}

/** Lines for people are written at once, others together; in both cases nobody waits for the reader. */
export function openTarget(fd: number, human: boolean): LogTarget {
  const target = new LineTarget({
    fd,
    batchLength: human ? 0 : batchLength,
    batchMs,
    lengthMax: waitingLengthMax,
    flushMsMax,
  });
  process.once('exit', () => target.flush());
  return target;
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
