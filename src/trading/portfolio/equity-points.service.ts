import { Injectable, type OnModuleDestroy, type OnModuleInit, Optional } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { minuteMs } from '../../kernel/time.js';
import type { EquityPointRecord, EquityTrack, Sighting } from './equity-track.js';
import { type AccountPoint, EquityRepository, transferOf } from './equity.repository.js';
import { PortfolioMetrics } from './portfolio.metrics.js';

/** This many are written at once; a replay waits for that, so it never runs away from the database. */
const batchSize = 500;
const writeEveryMs = 1_000;
/** Points kept while the database is away; then the oldest are given up. */
const pointsWaitingMax = 100_000;
/** A point that says nothing new is kept once per span of its session's time. */
const pointEveryMs = 5 * minuteMs;
/** Curves kept at hand; the next look at another reads its newest point again. */
const tracksMax = 10_000;
/** Openings that wait for a second point. */
const openingsMax = 10_000;

/** The equity curves at hand and the points of them that wait to be written. */
@Injectable()
export class EquityPoints implements OnModuleInit, OnModuleDestroy {
  private readonly tracks = new Map<string, Promise<EquityTrack>>();
  private waiting = new Map<string, AccountPoint>();
  private readonly openings = new Map<string, EquityPointRecord>();
  /** Points with the database at this moment. */
  private underway = 0;
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private readonly log: Log;

  constructor(
    private readonly stored: EquityRepository,
    private readonly metrics: PortfolioMetrics,
    log: Log,
    @Optional() private readonly waitingMax: number = pointsWaitingMax,
  ) {
    this.log = log.of('trading.portfolio');
    metrics.observe({ waiting: () => this.waiting.size + this.underway, tracks: () => this.tracks.size });
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), writeEveryMs).unref();
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** The curve of an account; read from the database when it is not at hand. */
  track(accountId: string): Promise<EquityTrack> {
    let track = this.tracks.get(accountId);
    if (track === undefined) {
      track = this.stored.track(accountId);
      this.tracks.set(accountId, track);
      track.catch(() => this.tracks.delete(accountId));
    }
    return track;
  }

  /**
   * Begins the curve of a new account. The opening becomes a point of it once a second one follows in the same
   * session: an account made for a replay begins in the replay, not at the moment somebody made it.
   */
  async open(accountId: string, sighting: Sighting): Promise<void> {
    const track = await this.track(accountId);
    if (track.isOver(sighting)) return;
    this.openings.set(accountId, track.add(sighting));
    const [oldest] = this.openings.keys();
    if (this.openings.size > openingsMax) this.openings.delete(oldest);
  }

  /** Appends a point; waits for the database once enough are gathered. */
  async add(accountId: string, sighting: Sighting): Promise<void> {
    const track = await this.track(accountId);
    if (track.isOver(sighting)) return;
    if (track.saysNothingNew(sighting, pointEveryMs)) return;
    const opening = this.openings.get(accountId);
    this.openings.delete(accountId);
    if (opening?.session === sighting.session) this.wait({ accountId, point: opening });
    this.wait({ accountId, point: track.add(sighting) });
    // It may have been let go meanwhile, and what waits is not in the table yet.
    this.tracks.set(accountId, Promise.resolve(track));
    if (this.waiting.size >= batchSize) await this.flush();
  }

  /** The account begins anew with this entry of its log. */
  async reset(accountId: string, seq: number): Promise<void> {
    this.openings.delete(accountId);
    // A curve that is not at hand will be read from there on.
    (await this.tracks.get(accountId)?.catch(() => undefined))?.reset(seq);
  }

  transferred(accountId: string, seq: number, data: Record<string, unknown>): void {
    // A curve that is not at hand will read its transfers from the log.
    void this.tracks.get(accountId)?.then(
      (track) => track.transferred(transferOf(seq, data)),
      () => undefined,
    );
  }

  /** Writes what waits. Never throws: points that could not be written wait on. */
  flush(): Promise<void> {
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    while (this.waiting.size > 0) {
      const taken = [...this.waiting].slice(0, 2 * batchSize);
      for (const [key] of taken) this.waiting.delete(key);
      this.underway = taken.length;
      try {
        await this.stored.write(taken.map(([, point]) => point));
        this.metrics.points.inc(undefined, taken.length);
      } catch (error) {
        this.log.warn({ error, points: taken.length }, 'points of equity curves wait for the database');
        this.waiting = new Map([...taken, ...this.waiting]);
        return;
      } finally {
        this.underway = 0;
      }
    }
    // Only now: a curve is read again from its stored points.
    for (const accountId of this.tracks.keys()) {
      if (this.tracks.size <= tracksMax) break;
      this.tracks.delete(accountId);
    }
  }

  private wait(one: { accountId: string; point: EquityPointRecord }): void {
    // A later point of the same moment takes the place of the earlier, as it will in the table.
    this.waiting.set(`${one.accountId} ${one.point.timeMs}`, one);
    if (this.waiting.size <= this.waitingMax) return;
    const [oldest] = this.waiting.keys();
    this.waiting.delete(oldest);
    this.metrics.dropped.inc();
  }
}
