import { uncontrolled, type TrainingControl } from './control.js';
import { buildDataset } from './dataset.js';
import { trainDirection } from './direction-training.js';
import { packaged } from './packaging.js';
import { contextOf, type TrainingRequest, type TrainingResult } from './training-request.js';
import { trainVolatility } from './volatility-training.js';

/**
 * Candles in; ONNX model, manifest and evaluation out. One long computation (minutes on a year of 5-minute candles), so
 * a server runs it in a worker. Same request, same bytes.
 * Throws RangeError for input that cannot be learned from and `TrainingCanceled` when told to stop.
 */
export function train(request: TrainingRequest, control: TrainingControl = uncontrolled): TrainingResult {
  control.progress({ stage: 'features', done: 0 });
  const dataset = buildDataset(request);
  const context = contextOf(request, dataset, control);
  const outcome = request.target === 'direction' ? trainDirection(context) : trainVolatility(context);
  const result = packaged(context, outcome);
  control.progress({ stage: 'done', done: 1 });
  return result;
}
