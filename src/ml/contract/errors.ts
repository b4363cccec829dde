import { defineProblems } from '../../kernel/errors.js';

export const mlProblem = defineProblems({
  ML_NO_MODEL: { status: 422, title: 'No model for this request', retryable: false },
  ML_MODEL_UNKNOWN: { status: 404, title: 'Unknown model', retryable: false },
  ML_NOT_WARM: { status: 422, title: 'Too little history', retryable: true },
  ML_CURSOR_INVALID: { status: 400, title: 'Invalid cursor', retryable: false },
  ML_INFERENCE_FAILED: { status: 500, title: 'Model gave no usable output', retryable: false },
});
