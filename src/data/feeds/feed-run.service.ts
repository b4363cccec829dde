import type { Log } from '../../kernel/log.js';
import { toRfc3339 } from '../../kernel/time.js';
import { Feed, FeedStream, RefusedTicks } from '../contract/feeds.js';
import type { DataConfig } from '../data.config.js';
import type { DataMetrics } from '../data.metrics.js';
import type { FeedSource, TickSink } from './feed-source.js';
import type { Ingest } from './ingest.service.js';
import type { MarketOutbox } from './market-outbox.service.js';
import type { StreamWatch } from './stream-watch.js';
import type { Tick } from './tick.js';

export interface FeedRunParts {
  readonly ingest: Ingest;
  readonly outbox: MarketOutbox;
  readonly config: DataConfig;
  readonly metrics: DataMetrics;
  readonly log: Log;
}

/** One feed: its state, its bounded queue, and the rhythm in which the queue is taken in. Starts and stops in turn. */
export class FeedRun implements TickSink {
  private state: 'stopped' | 'starting' | 'running' | 'failed' = 'stopped';
  private queue: Tick[] = [];
  private timer: NodeJS.Timeout | null = null;
  private turn: Promise<void> = Promise.resolve();
  private prepared = false;
  private messages = 0;
  private readonly refusals = new Map<string, number>();
  private reconnects = 0;
  private lagMs: number | null = null;
  private lastMessageMs: number | null = null;
  private lastError: string | null = null;

  constructor(
    private readonly source: FeedSource,
    private readonly parts: FeedRunParts,
  ) {}

  get queued(): number {
    return this.queue.length;
  }

  /** Stores what must be there before the first tick, and starts the candles over from the source's present. */
  prepare(): Promise<void> {
    return this.inTurn(() => this.makeReady());
  }

  start(): Promise<void> {
    return this.inTurn(async () => {
      if (this.state === 'running') return;
      // One that failed while its source went on is not started beside itself.
      if (this.state === 'failed') await this.source.stop();
      this.state = 'starting';
      try {
        if (!this.prepared) await this.makeReady();
        await this.source.start(this);
        this.prepared = false;
        this.state = 'running';
        this.lastError = null;
      } catch (error) {
        this.fail(error);
      }
    });
  }

  stop(): Promise<void> {
    return this.inTurn(async () => {
      if (this.state === 'stopped') return;
      await this.source.stop();
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
      this.flush();
      await this.parts.outbox.settled();
      this.state = 'stopped';
    });
  }

  accept(ticks: readonly Tick[]): void {
    this.messages += ticks.length;
    const { id } = this.source;
    const nowMs = this.source.nowMs();
    const believed = this.parts.ingest.believed({ id, nowMs }, ticks, (reason) => this.refused(reason, 1));
    const room = Math.max(0, this.parts.config.feedQueueMax - this.queue.length);
    const lost = Math.max(0, believed.length - room);
    if (lost > 0) this.refused('queue_full', lost);
    for (let n = 0; n < believed.length - lost; n += 1) {
      const tick = believed[n];
      this.queue.push(tick);
      if (tick.kind !== 'watermark' && tick.kind !== 'gap' && tick.timeMs > (this.lastMessageMs ?? 0))
        this.lastMessageMs = tick.timeMs;
    }
    if (this.lastMessageMs !== null) {
      this.lagMs = Math.max(0, Math.round(nowMs - this.lastMessageMs));
      this.parts.metrics.feedLagSeconds.set(this.lagMs / 1000, { feed: id });
    }
    // The first tick after a quiet time goes at once; those that follow gather until the next beat.
    this.timer ??= this.beat(0);
  }

  async begin(instruments: readonly string[]): Promise<void> {
    for (const instrument of instruments) await this.parts.ingest.begin(instrument, this.source.nowMs());
  }

  refused(reason: string, count: number): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + count);
    this.parts.metrics.ticks.inc({ feed: this.source.id, outcome: reason }, count);
  }

  reconnected(reason: string, says: string): void {
    this.reconnects += 1;
    this.lastError = says;
    this.parts.metrics.feedReconnects.inc({ feed: this.source.id, reason });
  }

  status(): Feed {
    const { source } = this;
    const condition = this.state === 'running' ? source.condition?.() : undefined;
    const refusedBy = [...this.refusals].map(([reason, count]) =>
      Object.assign(new RefusedTicks(), { reason, count }),
    );
    return Object.assign(new Feed(), {
      id: source.id,
      state: condition?.state ?? this.state,
      instruments: [...source.instruments],
      lagMs: this.lagMs,
      skewMs: source.skewMs?.() ?? null,
      messages: this.messages,
      refused: refusedBy.reduce((sum, { count }) => sum + count, 0),
      refusedBy,
      reconnects: this.reconnects,
      lastMessageAt: this.lastMessageMs === null ? null : toRfc3339(this.lastMessageMs),
      lastError: condition?.error ?? this.lastError,
      streams: (source.streams?.() ?? []).map(({ instrument, watch }) =>
        streamOf(instrument, watch, source.nowMs()),
      ),
    });
  }

  private async makeReady(): Promise<void> {
    await this.source.prepare(this);
    this.prepared = true;
  }

  private beat(inMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.timer = null;
      if (this.queue.length === 0) return;
      this.flush();
      this.timer = this.beat(this.parts.config.marketBatchMs);
    }, inMs);
  }

  private flush(): void {
    const ticks = this.queue;
    if (ticks.length === 0) return;
    this.queue = [];
    const { id, origin } = this.source;
    try {
      const late = this.parts.ingest.take({ id, origin, nowMs: this.source.nowMs() }, ticks);
      if (late > 0) this.refused('late', late);
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.state = 'failed';
    this.lastError = (error as Error).message.slice(0, 2000);
    this.parts.log.error({ feed: this.source.id, error }, 'a feed failed');
  }

  /** One after the other, whatever happened before. */
  private inTurn(act: () => Promise<void>): Promise<void> {
    const next = this.turn.then(act);
    this.turn = next.catch(() => undefined);
    return next;
  }
}

function streamOf(instrument: string, watch: StreamWatch, nowMs: number): FeedStream {
  const { channel, state, messages, gaps, resyncs, lastMessageMs, detail } = watch;
  return Object.assign(new FeedStream(), {
    instrument,
    channel,
    state,
    lastMessageAt: lastMessageMs === null ? null : toRfc3339(lastMessageMs),
    ageMs: lastMessageMs === null ? null : Math.max(0, Math.round(nowMs - lastMessageMs)),
    messages,
    gaps,
    resyncs,
    stale: watch.stale(nowMs),
    detail,
  });
}
