import type { Clock } from '../../kernel/time.js';

/** Longest sleep, so that a clock that was set is noticed. */
const sleepMsMax = 30_000;
/** Pause before an alarm that could not be heard rings again. */
const againMs = 1_000;

/** Rings when the earliest of the times it was told has come. One timer, whatever waits. */
export class DueAlarm {
  private timer: NodeJS.Timeout | null = null;
  private dueMs = Number.POSITIVE_INFINITY;
  /** When it went to sleep. */
  private asleepMs = Number.NEGATIVE_INFINITY;
  private stopped = false;

  /** `ring` does what is due and answers when something is due next; infinity for never. */
  constructor(
    private readonly clock: Clock,
    private readonly ring: (nowMs: number) => Promise<number>,
  ) {}

  /** Something is due at `dueMs`; an earlier time already told stays. */
  at(dueMs: number): void {
    if (this.stopped || dueMs >= this.dueMs) return;
    this.dueMs = dueMs;
    this.sleep(this.clock.nowMs());
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private sleep(nowMs: number): void {
    this.asleepMs = nowMs;
    if (this.timer !== null) clearTimeout(this.timer);
    const ms = Math.min(Math.max(0, this.dueMs - nowMs), sleepMsMax);
    this.timer = setTimeout(() => void this.wake(), ms).unref();
  }

  private async wake(): Promise<void> {
    const nowMs = this.clock.nowMs();
    // When the clock was set back, things may be due sooner than it was told.
    if (nowMs < this.dueMs && nowMs >= this.asleepMs) {
      this.sleep(nowMs);
      return;
    }
    this.dueMs = Number.POSITIVE_INFINITY;
    let nextMs: number;
    try {
      nextMs = await this.ring(nowMs);
    } catch {
      // Nobody could hear it now; whoever was asked has said why.
      nextMs = nowMs + againMs;
    }
    this.at(nextMs);
  }
}
