import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';

/** How often counts are written down; a crash loses as much. */
const everyMs = 5_000;

interface Counts {
  duplicates: number;
  late: number;
}

/** Ticks of each instrument that came twice or too late, counted over restarts. Bounded by the instruments there are. */
@Injectable()
export class TickFaults implements OnApplicationBootstrap, OnModuleDestroy {
  private unwritten = new Map<string, Counts>();
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();
  private readonly log: Log;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    log: Log,
  ) {
    this.log = log.of('tick-faults');
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.write(), everyMs);
  }

  async onModuleDestroy(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.write();
  }

  add(instrument: string, fault: keyof Counts, count = 1): void {
    let counts = this.unwritten.get(instrument);
    if (!counts) this.unwritten.set(instrument, (counts = { duplicates: 0, late: 0 }));
    counts[fault] += count;
  }

  async of(instrument: string): Promise<Counts & { since: string | null }> {
    await this.writing;
    const { rows } = await this.database.query<Counts & { since_ms: number }>(
      'SELECT since_ms, duplicates, late FROM data.tick_faults WHERE instrument = $1',
      [instrument],
      'data-tick-faults',
    );
    const fresh = this.unwritten.get(instrument) ?? { duplicates: 0, late: 0 };
    const known = rows.at(0);
    return {
      duplicates: (known?.duplicates ?? 0) + fresh.duplicates,
      late: (known?.late ?? 0) + fresh.late,
      since: known ? toRfc3339(known.since_ms) : null,
    };
  }

  private write(): Promise<void> {
    this.writing = this.writing.then(async () => {
      const counts = this.unwritten;
      if (counts.size === 0) return;
      this.unwritten = new Map();
      try {
        await this.database.query(
          `INSERT INTO data.tick_faults AS known (instrument, since_ms, duplicates, late)
           SELECT u.instrument, $4, u.duplicates, u.late
           FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS u (instrument, duplicates, late)
           ON CONFLICT (instrument) DO UPDATE SET duplicates = known.duplicates + excluded.duplicates,
             late = known.late + excluded.late`,
          [
            [...counts.keys()],
            [...counts.values()].map(({ duplicates }) => duplicates),
            [...counts.values()].map(({ late }) => late),
            this.clock.nowMs(),
          ],
        );
      } catch (error) {
        for (const [instrument, { duplicates, late }] of counts) {
          this.add(instrument, 'duplicates', duplicates);
          this.add(instrument, 'late', late);
        }
        this.log.warn({ error }, 'counts of ticks could not be written down; tried again later');
      }
    });
    return this.writing;
  }
}
