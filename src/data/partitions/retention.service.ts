import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock, dayMs } from '../../kernel/time.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { type PartitionedTable, partitionedTables, timeframesIn } from './partition-plan.js';
import {
  type Partition,
  type PartitionDrops,
  PartitionRepository,
  type RowKinds,
} from './partition.repository.js';
import { Partitions } from './partitions.service.js';
import { liveSources, readRetention, type RetentionRules } from './retention-rules.js';

const everyMs = 60_000;
/** Partitions are there so long before their first row. */
const aheadMs = 2 * dayMs;
/** Blocks of one statement that deletes single rows: some 5,000 rows, so that nobody waits for it. */
const blocksPerDelete = 64;

export interface Swept {
  /** Partitions dropped. */
  partitions: number;
  /** Rows that went, with their partition or alone. */
  rows: number;
}

interface Due {
  readonly table: PartitionedTable;
  readonly partition: Partition;
  /** What of it is to go. */
  readonly expired: RowKinds;
  /** Whether that is every kind of live row. */
  readonly whole: boolean;
}

/**
 * Once a minute: makes the next days' partitions, and lets go of live rows that are older than their retention. A
 * partition of which nothing is to stay is dropped, which costs the same however many rows it holds and holds nobody
 * up. Where imported rows lie among live ones, the live ones are deleted, a few thousand at a time.
 */
@Injectable()
export class Retention implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<unknown> = Promise.resolve();
  private ended = false;
  private readonly rules: RetentionRules;
  /** Partitions that hold nothing expired of these kinds any more; as many as there are partitions. */
  private readonly clean = new Map<string, string>();
  private readonly metrics: DataMetrics;
  private readonly log: Log;

  constructor(
    private readonly partitions: Partitions,
    private readonly repository: PartitionRepository,
    private readonly clock: Clock,
    config: DataConfig,
    metrics: Metrics,
    log: Log,
  ) {
    // The config has been checked with the same reader.
    this.rules = readRetention(config.retention)!;
    this.metrics = dataMetrics(metrics);
    this.log = log.of('retention');
  }

  onApplicationBootstrap(): void {
    this.inTurn(() => this.makeAhead());
    // The first sweep has time: a start is for other things.
    this.timer = setInterval(
      () =>
        this.inTurn(async () => {
          await this.makeAhead();
          await this.sweep();
        }),
      everyMs,
    );
  }

  async onModuleDestroy(): Promise<void> {
    this.ended = true;
    if (this.timer) clearInterval(this.timer);
    await this.running;
  }

  async makeAhead(): Promise<void> {
    const nowMs = this.clock.nowMs();
    for (const table of partitionedTables) {
      await this.partitions.makeRoomBetween(table, { fromMs: nowMs, toMs: nowMs + aheadMs + 1 });
    }
  }

  /** Lets go of everything that is due. Partitions stay where they are while somebody imports. */
  async sweep(): Promise<Swept> {
    const swept: Swept = { partitions: 0, rows: 0 };
    const mixed: Due[] = [];
    await this.repository.dropping(async (drops) => {
      for (const table of partitionedTables) {
        const left = await drops.finish(table, liveSources);
        if (left.length > 0)
          this.log.error({ table, left }, 'detached partitions hold rows that stay: attach them again');
        for (const due of await this.due(table)) {
          if (this.ended) return;
          const rows = await this.drop(drops, due);
          if (rows === null) mixed.push(due);
          else swept.rows += rows;
          if (rows !== null) swept.partitions += 1;
        }
      }
    });
    if (swept.partitions > 0) this.partitions.forget();
    for (const due of mixed) swept.rows += await this.deleteRows(due);
    return swept;
  }

  /** Partitions that ended before the retention of some of their kinds of rows, and may hold such. */
  private async due(table: PartitionedTable): Promise<Due[]> {
    const due: Due[] = [];
    for (const partition of await this.repository.list(table)) {
      const { expired, whole } = this.expired(table, partition);
      if (expired === null || this.clean.get(partition.name) === JSON.stringify(expired)) continue;
      due.push({ table, partition, expired, whole });
    }
    return due;
  }

  private expired(
    table: PartitionedTable,
    { toMs }: Partition,
  ): { expired: RowKinds | null; whole: boolean } {
    const over = (keptMs: number | null): boolean => keptMs !== null && toMs <= this.clock.nowMs() - keptMs;
    if (table === 'trades') {
      const sources = liveSources.filter((source) => over(this.rules.trades[source]));
      const expired = sources.length === 0 ? null : { sources, timeframes: null };
      return { expired, whole: sources.length === liveSources.length };
    }
    const all = timeframesIn(table);
    const timeframes = all.filter((timeframe) => over(this.rules.candles[timeframe]));
    const expired = timeframes.length === 0 ? null : { sources: liveSources, timeframes };
    return { expired, whole: timeframes.length === all.length };
  }

  private inTurn(act: () => Promise<void>): void {
    this.running = this.running
      .then(act)
      .catch((error: unknown) =>
        this.log.warn({ error }, 'partitions could not be made or dropped; tried again in a minute'),
      );
  }

  /** Rows that went with it; null when the partition holds rows that stay. */
  private async drop(
    drops: PartitionDrops,
    { table, partition, expired, whole }: Due,
  ): Promise<number | null> {
    const { name } = partition;
    if (await drops.holdsOthers(name, expired)) return null;
    // An empty one waits until nothing could be in it any more.
    if (!whole && !(await this.repository.holds(name, expired))) return null;
    const rows = await drops.drop(table, partition, expired);
    if (rows === null) return null;
    this.clean.delete(partition.name);
    this.metrics.partitionsDropped.inc({ table });
    this.metrics.rowsExpired.inc({ table }, rows);
    return rows;
  }

  private async deleteRows({ table, partition, expired }: Due): Promise<number> {
    const { name } = partition;
    let deleted = 0;
    if (await this.repository.holds(name, expired)) {
      const blocks = await this.repository.blocks(name);
      for (let from = 0; from < blocks; from += blocksPerDelete) {
        if (this.ended) return deleted;
        const rows = await this.repository.deleteRows(name, expired, { from, to: from + blocksPerDelete });
        this.metrics.rowsExpired.inc({ table }, rows);
        deleted += rows;
      }
    }
    this.clean.set(name, JSON.stringify(expired));
    return deleted;
  }
}
