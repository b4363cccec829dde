import type { Random } from '../../../kernel/random.js';
import { bootstrapMean, bootstrapWeighted, type BootstrapRules } from './bootstrap.js';
import {
  areaUnderCurve,
  brierScores,
  logLosses,
  mean,
  orderOf,
  rankCorrelation,
  ranks,
} from './direction-metrics.js';
import type { GateCheck, Measured } from './report.js';
import { show, showInterval } from './report.js';
import { ruleProfit, type RuleProfit } from './rule-profit.js';

/** Fewer trades than this say nothing about a rule. */
const tradesToJudgeMin = 30;

/** Out-of-sample rows of one instrument in time order, all of equal length. */
export interface DirectionRows {
  readonly timesMs: Float64Array;
  readonly ups: Float64Array;
  /** Log return that followed. */
  readonly followed: Float64Array;
  /** Calibrated forecast of the model. */
  readonly model: Float64Array;
  /** Share of rises in each fold's training rows: the forecast that knows nothing. */
  readonly baseRate: Float64Array;
  /** Calibrated logistic regression on the same features. */
  readonly logistic: Float64Array;
  /** The model's expected log return. */
  readonly expected: Float64Array;
}

export interface DirectionFigures {
  readonly rows: number;
  readonly upShare: number;
  readonly logLoss: { readonly model: number; readonly baseRate: number; readonly logistic: number };
  /** Base rate's log loss − the model's, in nats per row; above 0 is better than knowing nothing. */
  readonly logLossGain: Measured;
  readonly brier: { readonly model: number; readonly baseRate: number; readonly logistic: number };
  readonly auc: Measured;
  readonly aucLogistic: number;
  readonly rankIc: Measured;
  readonly roundTripCostBps: number;
  /** In the market for one horizon at a time, always on the model's side. */
  readonly alwaysIn: RuleProfit;
  /** Only when the expected return exceeds the cost. */
  readonly whenWorthIt: RuleProfit;
  /** Did those trades earn more than they cost? Null when there were too few to judge. */
  readonly paysCosts: boolean | null;
}

export function directionFigures(
  rows: DirectionRows,
  options: { horizonMs: number; costBps: number; bootstrap: BootstrapRules; random: Random },
): DirectionFigures {
  const { ups, model, baseRate, logistic, followed, timesMs, expected } = rows;
  const { bootstrap, random, costBps, horizonMs } = options;
  const losses = logLosses(model, ups);
  const baseLosses = logLosses(baseRate, ups);
  const gains = baseLosses.map((loss, n) => loss - losses[n]);
  const order = orderOf(model);
  const modelRanks = ranks(model);
  const followedRanks = ranks(followed);
  const rule = { expected, followed, timesMs, horizonMs };
  const whenWorthIt = ruleProfit(rule, { entryBps: costBps, costBps });
  return {
    rows: ups.length,
    upShare: mean(ups),
    logLoss: { model: mean(losses), baseRate: mean(baseLosses), logistic: mean(logLosses(logistic, ups)) },
    logLossGain: { value: mean(gains), interval: bootstrapMean(gains, bootstrap, random) },
    brier: {
      model: mean(brierScores(model, ups)),
      baseRate: mean(brierScores(baseRate, ups)),
      logistic: mean(brierScores(logistic, ups)),
    },
    auc: {
      value: areaUnderCurve(model, ups, order),
      interval: bootstrapWeighted(
        ups.length,
        (weights) => areaUnderCurve(model, ups, order, weights),
        bootstrap,
        random,
      ),
    },
    aucLogistic: areaUnderCurve(logistic, ups),
    rankIc: {
      value: rankCorrelation(model, followed),
      interval: bootstrapWeighted(
        ups.length,
        (weights) => weightedCorrelation(modelRanks, followedRanks, weights),
        bootstrap,
        random,
      ),
    },
    roundTripCostBps: costBps,
    alwaysIn: ruleProfit(rule, { entryBps: 0, costBps }),
    whenWorthIt,
    paysCosts:
      whenWorthIt.netBps === null || whenWorthIt.trades < tradesToJudgeMin ? null : whenWorthIt.netBps > 0,
  };
}

/** Better than the base rate, and not by luck: the whole interval must lie above 0. */
export function directionGate(instrument: string, { logLossGain }: DirectionFigures): GateCheck {
  const { value, interval } = logLossGain;
  return {
    name: `log_loss_below_base_rate:${instrument}`,
    passed: value > 0 && interval.low > 0,
    detail:
      `${instrument}: log loss is ${show(Math.abs(value), 5)} nats ${value > 0 ? 'below' : 'above'} the base rate's, ` +
      `95 % interval of the gain ${showInterval(interval, 5)}; it must lie above 0`,
  };
}

function weightedCorrelation(a: Float64Array, b: Float64Array, weights: Float64Array): number {
  let w = 0;
  let sumA = 0;
  let sumB = 0;
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let n = 0; n < a.length; n += 1) {
    const weight = weights[n];
    if (weight === 0) continue;
    w += weight;
    sumA += weight * a[n];
    sumB += weight * b[n];
    aa += weight * a[n] * a[n];
    bb += weight * b[n] * b[n];
    ab += weight * a[n] * b[n];
  }
  return (ab - (sumA * sumB) / w) / Math.sqrt((aa - (sumA * sumA) / w) * (bb - (sumB * sumB) / w));
}
