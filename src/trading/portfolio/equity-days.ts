import { dayMs } from '../../kernel/time.js';
import { type CashFlow, type DailyReturn, dailyReturns, type EquitySample, mean } from './statistics.js';

export interface EquityDay extends EquitySample {
  readonly session: string;
  /** Transfers since the point before, base currency. */
  readonly flow: number;
}

interface Stretch {
  readonly session: string;
  readonly samples: EquitySample[];
  readonly flows: CashFlow[];
}

/**
 * Thins an equity curve, given in the order it happened, to what daily returns need: the first point and the last of
 * each day. An account that was in a replay has lived in several times; each stretch has returns of its own, and the
 * jump between two clocks is none.
 */
export class EquityDays {
  private readonly stretches: Stretch[] = [];

  add({ timeMs, session, equity, flow }: EquityDay): void {
    const stretch = this.stretches.at(-1);
    const before = stretch?.samples.at(-1);
    if (
      stretch === undefined ||
      before === undefined ||
      stretch.session !== session ||
      timeMs < before.timeMs
    ) {
      this.stretches.push({ session, samples: [{ timeMs, equity }], flows: [] });
      return;
    }
    if (flow !== 0) stretch.flows.push({ timeMs, amount: flow });
    // A point on midnight itself still belongs to the day it ends.
    const sameDay = Math.ceil(timeMs / dayMs) === Math.ceil(before.timeMs / dayMs);
    if (sameDay && stretch.samples.length > 1) stretch.samples.pop();
    stretch.samples.push({ timeMs, equity });
  }

  returns(): number[] {
    return this.daily().map(({ value }) => value);
  }

  daily(): DailyReturn[] {
    return this.stretches.flatMap(({ samples, flows }) => dailyReturns(samples, flows));
  }

  /** Of the samples kept; null when there is none. */
  get meanEquity(): number | null {
    const equities = this.stretches.flatMap(({ samples }) => samples.map(({ equity }) => equity));
    return equities.length === 0 ? null : mean(equities);
  }

  /** Days lived, over all stretches. */
  get days(): number {
    let spanMs = 0;
    for (const { samples } of this.stretches)
      spanMs += samples[samples.length - 1].timeMs - samples[0].timeMs;
    return spanMs / dayMs;
  }

  /** Earliest and latest point; null when there is none. */
  get range(): { fromMs: number; toMs: number } | null {
    if (this.stretches.length === 0) return null;
    const firsts = this.stretches.map(({ samples }) => samples[0].timeMs);
    const lasts = this.stretches.map(({ samples }) => samples[samples.length - 1].timeMs);
    return { fromMs: Math.min(...firsts), toMs: Math.max(...lasts) };
  }
}
