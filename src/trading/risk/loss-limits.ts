import type { Decimal } from '../../kernel/decimal.js';
import type { EquityMeasure, LossLimit, Losses } from './equity-measure.js';
import type { Limits } from './limits.js';

/** Told once when this share of a limit is reached from below, and again only after it fell below the second. */
const warnAt = 0.8;
const calmBelow = 0.7;

/** Something a limit on losses has to say about the equity of now. */
export interface LossNews {
  readonly kind: 'warning' | 'breach';
  readonly limit: LossLimit;
  readonly facts: { readonly lost: string | number; readonly bound: string | number; readonly share: number };
}

/** What is new since the last look. Marks it as told. */
export function lossNews(
  measure: EquityMeasure,
  limits: Pick<Limits, 'dailyLoss' | 'maxDrawdown'>,
  losses: Losses,
): LossNews[] {
  const news: LossNews[] = [];
  const { dailyLoss: dailyBound, maxDrawdown: drawdownBound } = limits;
  if (dailyBound !== null) {
    const facts = { lost: losses.dailyLoss.toString(), bound: dailyBound.toString() };
    judge(measure, news, 'dailyLoss', { ...facts, share: shareOf(losses.dailyLoss, dailyBound) });
  }
  if (drawdownBound !== null) {
    const bound = drawdownBound.toFloat();
    judge(measure, news, 'maxDrawdown', { lost: losses.drawdown, bound, share: losses.drawdown / bound });
  }
  return news;
}

function judge(measure: EquityMeasure, news: LossNews[], limit: LossLimit, facts: LossNews['facts']): void {
  const { warned, breached } = measure.record;
  if (facts.share >= 1 && !breached.includes(limit)) {
    measure.mark('breached', limit, true);
    measure.mark('warned', limit, true);
    news.push({ kind: 'breach', limit, facts });
  } else if (facts.share >= warnAt && !warned.includes(limit)) {
    measure.mark('warned', limit, true);
    news.push({ kind: 'warning', limit, facts });
  } else if (facts.share < calmBelow && warned.includes(limit)) {
    measure.mark('warned', limit, false);
  }
}

function shareOf(lost: Decimal, bound: Decimal): number {
  return lost.div(bound, 12).toFloat();
}
