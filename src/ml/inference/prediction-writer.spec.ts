import { beforeEach, describe, expect, it } from 'vitest';
import { liveSession } from '../../kernel/events.js';
import { type MetricDefinition, NoMetrics } from '../../kernel/metrics.js';
import type { PredictionRepository, StoredPrediction } from './prediction.repository.js';
import { PredictionWriter } from './prediction-writer.service.js';

const aPrediction = (session: string, candleTimeMs: number): StoredPrediction => ({
  session,
  instrument: 'BTC-USD.SIM',
  timeframe: '5m',
  candleTimeMs,
  model: 'direction-5m',
  modelVersion: '1',
  volatilityModel: 'volatility-5m@1',
  horizon: 12,
  close: '100',
  probabilityUp: 0.5,
  expectedReturn: 0,
  expectedVolatility: 0.01,
  trustOk: true,
  trustReasons: [],
  madeAtMs: candleTimeMs,
});

/** Keeps what it is given; can be made to fail. */
class Storage {
  readonly batches: StoredPrediction[][] = [];
  broken = false;

  async add(prediction: StoredPrediction): Promise<boolean> {
    this.batches.push([prediction]);
    return true;
  }
  async addAll(predictions: readonly StoredPrediction[]): Promise<number> {
    if (this.broken) throw new Error('database away');
    this.batches.push([...predictions]);
    return predictions.length;
  }
}

class Gauges extends NoMetrics {
  readonly read = new Map<string, () => unknown>();
  override observed(definition?: MetricDefinition, read?: () => unknown): void {
    if (definition && read) this.read.set(definition.name, read);
  }
}

describe('the writer of predictions', () => {
  let storage: Storage;
  let gauges: Gauges;
  let writer: PredictionWriter;
  const waiting = (): unknown => gauges.read.get('ml_predictions_waiting')!();

  beforeEach(() => {
    storage = new Storage();
    gauges = new Gauges();
    writer = new PredictionWriter(storage as unknown as PredictionRepository, gauges);
  });

  it('stores a live prediction before it returns', async () => {
    await writer.add(aPrediction(liveSession, 1), 'candle');
    expect(storage.batches).toHaveLength(1);
    expect(waiting()).toBe(0);
  });

  it('stores those of a replay together, when they are many and when it ends', async () => {
    for (let n = 0; n < 501; n += 1) await writer.add(aPrediction('replay', n), 'candle');
    expect(storage.batches.map((batch) => batch.length)).toEqual([500]);
    expect(waiting()).toBe(1);
    await writer.end('replay');
    expect(storage.batches.map((batch) => batch.length)).toEqual([500, 1]);
    expect(waiting()).toBe(0);
  });

  it('keeps them while the database is away', async () => {
    await writer.add(aPrediction('replay', 1), 'candle');
    storage.broken = true;
    await expect(writer.flush('replay')).rejects.toThrow('database away');
    expect(waiting()).toBe(1);
    storage.broken = false;
    await writer.flush('replay');
    expect(storage.batches.flat().map((p) => p.candleTimeMs)).toEqual([1]);
  });

  it('keeps two replays apart', async () => {
    await writer.add(aPrediction('one', 1), 'candle');
    await writer.add(aPrediction('two', 2), 'candle');
    await writer.end('one');
    expect(storage.batches.flat().map((p) => p.session)).toEqual(['one']);
    expect(waiting()).toBe(1);
  });
});
