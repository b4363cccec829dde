/** What the trees learn to make small. Scores are margins; `gradient` and `hessian` are of the loss by the score. */
export interface Objective {
  readonly name: 'logistic' | 'squared';
  /** The best constant score. */
  start(targets: Float64Array): number;
  derive(scores: Float64Array, targets: Float64Array, gradients: Float64Array, hessians: Float64Array): void;
  /** Mean loss per row; what early stopping watches. */
  loss(scores: Float64Array, targets: Float64Array): number;
}

export function sigmoid(margin: number): number {
  return 1 / (1 + Math.exp(-margin));
}

export function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/** ln(1 + e^x) without overflow. */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

const logistic: Objective = {
  name: 'logistic',
  start: (targets) => {
    const n = targets.length;
    const up = targets.reduce((sum, y) => sum + y, 0);
    // One imaginary row of each kind keeps a one-sided sample finite.
    return Math.log((up + 1) / (n - up + 1));
  },
  derive: (scores, targets, gradients, hessians) => {
    for (let n = 0; n < scores.length; n += 1) {
      const p = 1 / (1 + Math.exp(-scores[n]));
      gradients[n] = p - targets[n];
      hessians[n] = p * (1 - p);
    }
  },
  loss: (scores, targets) => {
    let sum = 0;
    for (let n = 0; n < scores.length; n += 1) sum += softplus(scores[n]) - targets[n] * scores[n];
    return sum / scores.length;
  },
};

const squared: Objective = {
  name: 'squared',
  start: (targets) => targets.reduce((sum, y) => sum + y, 0) / Math.max(1, targets.length),
  derive: (scores, targets, gradients, hessians) => {
    for (let n = 0; n < scores.length; n += 1) gradients[n] = scores[n] - targets[n];
    hessians.fill(1);
  },
  loss: (scores, targets) => {
    let sum = 0;
    for (let n = 0; n < scores.length; n += 1) sum += (scores[n] - targets[n]) ** 2;
    return sum / scores.length;
  },
};

export const objectives = { logistic, squared } as const;
