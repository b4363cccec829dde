import type { Measured, ModelEvaluation } from './evaluation/report.js';

/** The evaluation as a table for a terminal, 100 columns wide at most where the findings allow. */
export function trainReport(evaluation: ModelEvaluation): string {
  const { model, data, instruments, gates, findings } = evaluation;
  const names = Object.keys(instruments);
  const rows = [['', ...names]];
  const figures = names.map((name) => instruments[name]);
  for (const [label, path, digits] of model.target === 'direction' ? directionRows : volatilityRows) {
    rows.push([label, ...figures.map((figure) => cell(at(figure, path), digits))]);
  }
  const lines = [
    `${model.name} ${model.version}: ${model.target}, ${model.horizon} bars of ${model.timeframe} ahead, feature set ${model.featureSet}`,
    `${data.rows} rows, ${data.from} to ${data.to}, seed ${model.seed}, ${model.trials} trials`,
    '',
    ...table(rows),
    '',
    `gates: ${gates.passed ? 'passed' : 'FAILED'}`,
    ...gates.checks.map(({ passed, detail }) => `  ${passed ? 'ok  ' : 'FAIL'} ${detail}`),
    '',
    ...findings,
  ];
  return lines.join('\n');
}

type Row = readonly [label: string, path: string, digits: number];

const directionRows: readonly Row[] = [
  ['rows tested', 'rows', 0],
  ['log loss', 'logLoss.model', 5],
  ['  base rate', 'logLoss.baseRate', 5],
  ['  logistic regression', 'logLoss.logistic', 5],
  ['  gain over base rate', 'logLossGain', 5],
  ['Brier', 'brier.model', 5],
  ['AUC', 'auc', 4],
  ['rank IC', 'rankIc', 4],
  ['always in, gross bp/trade', 'alwaysIn.grossBps', 2],
  ['always in, net bp/trade', 'alwaysIn.netBps', 2],
  ['trades expected to pay', 'whenWorthIt.trades', 0],
  ['  net bp/trade', 'whenWorthIt.netBps', 2],
];

const volatilityRows: readonly Row[] = [
  ['rows tested', 'rows', 0],
  ['QLIKE', 'qlike.model', 4],
  ['  HAR', 'qlike.har', 4],
  ['  HAR + hour', 'qlike.harHour', 4],
  ['  HAR + hour, own fit', 'qlike.harHourOwn', 4],
  ['  ridge on features', 'qlike.ridge', 4],
  ['gain over HAR + hour', 'gain.harHour', 4],
  ['gain over own fit', 'gain.harHourOwn', 4],
  ['R² of log variance', 'rSquaredLog.model', 4],
  ['  HAR + hour, own fit', 'rSquaredLog.harHourOwn', 4],
];

function at(figure: unknown, path: string): unknown {
  return path.split('.').reduce((value, key) => (value as Record<string, unknown> | null)?.[key], figure);
}

function cell(value: unknown, digits: number): string {
  if (typeof value === 'number') return value.toFixed(digits);
  if (typeof value !== 'object' || value === null) return '–';
  const { value: point, interval } = value as Measured;
  return `${point.toFixed(digits)} [${interval.low.toFixed(digits)}, ${interval.high.toFixed(digits)}]`;
}

function table(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}
