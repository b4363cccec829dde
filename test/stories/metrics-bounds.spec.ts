import { execFileSync, spawn } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { DataConfig } from '../../src/data/data.config.js';
import { Candles } from '../../src/data/contract/candles.js';
import { MarketStream } from '../../src/data/feeds/market-stream.service.js';
import { EventBus } from '../../src/kernel/events.js';
import { featureSets } from '../../src/ml/features/feature-sets.js';
import { FeatureStreams } from '../../src/ml/inference/feature-streams.service.js';
import { PrometheusMetrics } from '../../src/monitoring/prometheus-metrics.adapter.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { LogConfig } from '../../src/platform/logging/logging.config.js';
import { createLog, openTarget } from '../../src/platform/logging/pino-log.adapter.js';
import { SystemClock } from '../../src/platform/time/system-clock.adapter.js';

/** What is given up for room is counted; these bounds are too wide to be met through the API. */
describe('the metrics of bounds', () => {
  const registry = new Registry();
  const metrics = new PrometheusMetrics(registry);
  const line = async (start: string): Promise<string | undefined> =>
    (await registry.metrics()).split('\n').find((text) => text.startsWith(start));

  it('count trades left out of the stream while its consumers are busy', async () => {
    const busy = { publish: () => new Promise<void>(() => undefined) } as unknown as EventBus;
    const stream = new MarketStream(busy, new SystemClock(), new DataConfig({}), metrics);
    const news = (count: number) => ({
      instrument: 'BTC-USD.SIM',
      quote: null,
      book: null,
      timeMs: 1,
      trades: Array.from({ length: count }, (_, n) => ({
        id: `t${n}`,
        price: '1',
        quantity: '1',
        side: 'buy' as const,
        timeMs: 1,
      })),
    });
    stream.pass(news(1));
    stream.pass(news(2_000));
    expect(await line('data_stream_dropped_total{')).toBeUndefined();
    stream.pass(news(3));
    expect(await line('data_stream_dropped_total{')).toBe(
      'data_stream_dropped_total{what="streamed_trades"} 3',
    );
  });

  it('count feature streams dropped for room', async () => {
    const [set] = featureSets.values();
    const none = { list: async () => ({ items: [], nextCursor: null }) } as unknown as Candles;
    const streams = new FeatureStreams(none, new SystemClock(), metrics);
    for (let n = 0; n < 503; n += 1) {
      await streams.current({ session: `replay-${n}`, instrument: 'BTC-USD.SIM', timeframe: '5m', set });
    }
    expect(await line('ml_feature_streams ')).toBe('ml_feature_streams 500');
    expect(await line('ml_feature_streams_evicted_total ')).toBe('ml_feature_streams_evicted_total 3');
  });

  it('count log lines lost because nobody reads them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-log-'));
    const pipe = join(folder, 'log');
    execFileSync('mkfifo', [pipe]);
    const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const target = openTarget(fd, false);
    const log = createLog(new LogConfig({ format: 'json' }), target);
    void new PlatformModule(log, metrics);
    expect(await line('log_lines_dropped ')).toBe('log_lines_dropped 0');
    // A pipe takes some kilobytes, the buffer 16 MiB; what comes after that has no place.
    for (let n = 0; n < 17; n += 1) target.write('x'.repeat(1024 * 1024));
    log.info({}, 'a line too many, or it still fits');
    target.write('x'.repeat(1024 * 1024));
    const lost = Number((await line('log_lines_dropped '))!.split(' ')[1]);
    expect(lost).toBeGreaterThanOrEqual(1);
    expect(lost).toBeLessThanOrEqual(3);
    const reader = spawn('cat', [pipe], { stdio: 'ignore' });
    log.flush();
    // A write that waited for room is tried again after a tenth of a second.
    await new Promise((wake) => setTimeout(wake, 250));
    reader.kill();
    rmSync(folder, { recursive: true });
  });
});
