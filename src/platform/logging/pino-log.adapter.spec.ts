import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LogConfig } from './logging.config.js';
import { NestLogger } from './nest-logger.adapter.js';
import { createLog, openTarget, type LogTarget } from './pino-log.adapter.js';

function keptLines(): LogTarget & { lines: Record<string, unknown>[]; text: string } {
  return {
    lines: [],
    text: '',
    dropped: 0,
    write(line: string) {
      this.text += line;
      if (line.startsWith('{')) this.lines.push(JSON.parse(line) as Record<string, unknown>);
    },
    flush: () => undefined,
  };
}

describe('the log', () => {
  it('writes one JSON object per line with time, level, part, facts and sentence', () => {
    const kept = keptLines();
    createLog(new LogConfig({ format: 'json' }), kept)
      .of('desk')
      .warn({ orderId: 'o1', password: 'x' }, 'order is late');
    expect(kept.lines).toHaveLength(1);
    expect(kept.lines[0]).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      part: 'desk',
      orderId: 'o1',
      password: '***',
      message: 'order is late',
    });
    expect(Math.abs(Date.parse(String(kept.lines[0].time)) - Date.now())).toBeLessThan(5000);
  });

  it('leaves out what is below the level', () => {
    const kept = keptLines();
    const log = createLog(new LogConfig({ format: 'json', level: 'warn' }), kept);
    log.debug({}, 'no');
    log.info({}, 'no');
    log.warn({}, 'yes');
    log.error({}, 'yes');
    expect(kept.lines.map((line) => line.message)).toEqual(['yes', 'yes']);
  });

  it('writes lines for people when asked', () => {
    const kept = keptLines();
    createLog(new LogConfig({ format: 'human' }), kept).info({ port: 3000 }, 'listening');
    expect(kept.text).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO  listening port=3000\n$/);
  });

  it("takes the framework's messages, its chatter at start only as debug", () => {
    const kept = keptLines();
    const nest = new NestLogger(createLog(new LogConfig({ format: 'json' }), kept));
    nest.log('wired', 'InstanceLoader');
    nest.log('ready', 'Gateway');
    nest.warn('odd', 'Gateway');
    nest.error('broke', 'Error: broke\n    at here', 'Gateway');
    nest.error(new Error('broke too'), 'Gateway');
    expect(kept.lines.map(({ level, part, message }) => [level, part, message])).toEqual([
      ['info', 'Gateway', 'ready'],
      ['warn', 'Gateway', 'odd'],
      ['error', 'Gateway', 'broke'],
      ['error', 'Gateway', 'broke too'],
    ]);
    expect(kept.lines[2].stack).toContain('at here');
    expect(kept.lines[3].error).toMatchObject({ message: 'broke too' });
  });

  it('loses no line of a burst when it is flushed before an exit', () => {
    const directory = mkdtempSync(join(tmpdir(), 'log-'));
    const file = join(directory, 'log');
    const fd = openSync(file, 'w');
    const log = createLog(new LogConfig({ format: 'json' }), openTarget(fd, false));
    for (let n = 0; n < 5000; n += 1) log.info({ n }, 'line');
    log.flush();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    rmSync(directory, { recursive: true });
    expect(lines).toHaveLength(5000);
    expect(JSON.parse(lines[4999])).toMatchObject({ n: 4999 });
    expect(log.dropped).toBe(0);
  });
});
