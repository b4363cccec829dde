import { Injectable } from '@nestjs/common';
import { Metrics } from '../../kernel/metrics.js';
import { Clock } from '../../kernel/time.js';
import type { Sql } from '../../platform/database/database.service.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import {
  endOfTimeMs,
  holderOf,
  type PartitionedTable,
  partitionedTables,
  type Span,
  stretches,
  windowsBack,
  windowsOnward,
} from './partition-plan.js';
import { PartitionRepository } from './partition.repository.js';

/**
 * Which partitions there are, from memory, and new ones where rows need them. What is remembered saves work and decides
 * nothing: windows cover all of time, and a partition that is there already is not made again.
 */
@Injectable()
export class Partitions {
  private readonly known = new Map<PartitionedTable, Promise<readonly Span[]>>();
  private readonly sizes = new Map<PartitionedTable, number>();
  private readonly metrics: DataMetrics;

  constructor(
    private readonly repository: PartitionRepository,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.metrics = dataMetrics(metrics);
    this.metrics.partitions(() => [...this.sizes].map(([table, value]) => ({ value, labels: { table } })));
  }

  /** Makes sure that rows of these times find their partition. Quick when they do already. */
  async makeRoom(table: PartitionedTable, times: Iterable<number>): Promise<void> {
    const spans = await this.spans(table);
    const missing: number[] = [];
    let last: Span | null = null;
    for (const timeMs of times) {
      if (last && timeMs >= last.fromMs && timeMs < last.toMs) continue;
      last = holderOf(spans, timeMs);
      if (last === null) missing.push(timeMs);
    }
    if (missing.length === 0) return;
    const { all, made } = await this.repository.make(table, missing, this.clock.nowMs());
    this.metrics.partitionsMade.inc({ table }, made);
    this.remember(table, all);
  }

  /** No partition is dropped until the transaction ends; comes first in it. */
  holdStill(tx: Sql): Promise<void> {
    return this.repository.holdStill(tx);
  }

  /** Has the planner look at what was written in bulk. */
  analyse(sql: Sql, table: PartitionedTable, span: Span): Promise<void> {
    return this.repository.analyse(sql, table, span);
  }

  /** The same for rows that are to stay: no partition is dropped until the transaction ends. Comes first in it. */
  async makeRoomToStay(tx: Sql, table: PartitionedTable, times: Iterable<number>): Promise<void> {
    await this.holdStill(tx);
    await this.makeRoom(table, times);
  }

  /** The same for every time of a span. */
  async makeRoomBetween(table: PartitionedTable, span: Span): Promise<void> {
    await this.makeRoom(
      table,
      this.pieces(table, span).map(({ fromMs }) => fromMs),
    );
  }

  /** A span of time in pieces that begin and end with days, each within one partition. */
  pieces(table: PartitionedTable, span: Span): Span[] {
    return [...stretches(table, span, this.clock.nowMs())];
  }

  /** Where to look for the newest rows before `beforeMs`, in turn; each window touches few partitions. */
  async back(table: PartitionedTable, beforeMs: number): Promise<Span[]> {
    return windowsBack(await this.spans(table), Math.min(beforeMs, endOfTimeMs));
  }

  /** Where to look for the oldest rows of a range, in turn. */
  async onward(table: PartitionedTable, range: Span): Promise<Span[]> {
    return windowsOnward(await this.spans(table), range);
  }

  /** Reads them anew before they are next asked for: somebody made or dropped partitions. */
  forget(): void {
    this.known.clear();
  }

  /** Reads all of them, so that the gauge is right before anybody asks. */
  async learn(): Promise<void> {
    for (const table of partitionedTables) await this.spans(table);
  }

  private spans(table: PartitionedTable): Promise<readonly Span[]> {
    let spans = this.known.get(table);
    if (!spans) {
      spans = this.repository.list(table).then((all) => {
        this.sizes.set(table, all.length);
        return all;
      });
      this.known.set(table, spans);
      // What could not be read is asked for again.
      spans.catch(() => this.known.delete(table));
    }
    return spans;
  }

  private remember(table: PartitionedTable, all: readonly Span[]): void {
    this.sizes.set(table, all.length);
    this.known.set(table, Promise.resolve(all));
  }
}
