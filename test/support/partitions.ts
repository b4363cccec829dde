import { NoMetrics } from '../../src/kernel/metrics.js';
import { timeframes } from '../../src/kernel/time.js';
import { candleTable, type Span } from '../../src/data/partitions/partition-plan.js';
import { PartitionRepository } from '../../src/data/partitions/partition.repository.js';
import { Partitions } from '../../src/data/partitions/partitions.service.js';
import type { Database } from '../../src/platform/database/database.service.js';
import { SystemClock } from '../../src/platform/time/system-clock.adapter.js';

/** Partitions for rows a test writes into `data.candles` and `data.trades` by itself. */
export async function roomFor(database: Database, span: Span): Promise<void> {
  const partitions = new Partitions(new PartitionRepository(database), new SystemClock(), new NoMetrics());
  for (const table of new Set(timeframes.map(candleTable))) await partitions.makeRoomBetween(table, span);
  await partitions.makeRoomBetween('trades', span);
}
