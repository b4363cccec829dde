import { defineProblems } from '../../kernel/errors.js';

export const dataProblem = defineProblems({
  DATA_UNKNOWN_INSTRUMENT: { status: 404, title: 'Unknown instrument', retryable: false },
  DATA_NO_QUOTE: { status: 404, title: 'No quote yet', retryable: true },
  DATA_RANGE_INVALID: { status: 400, title: 'Invalid time range', retryable: false },
  DATA_CURSOR_INVALID: { status: 400, title: 'Invalid cursor', retryable: false },
  DATA_IMPORT_INVALID: { status: 422, title: 'Import refused', retryable: false },
  DATA_IMPORT_CONFLICT: { status: 422, title: 'Import differs from stored rows', retryable: false },
  DATA_IMPORT_UNREADABLE: { status: 400, title: 'Body cannot be read', retryable: false },
  DATA_BACKFILL_REFUSED: { status: 422, title: 'Backfill refused', retryable: false },
  DATA_VENUE_UNAVAILABLE: { status: 503, title: 'Venue does not answer', retryable: true },
  DATA_VENUE_UNREADABLE: { status: 502, title: "Venue's answer cannot be used", retryable: true },
  DATA_REPLAY_INVALID: { status: 422, title: 'Replay refused', retryable: false },
  DATA_REPLAY_UNKNOWN: { status: 404, title: 'Unknown replay', retryable: false },
  DATA_JOB_UNKNOWN: { status: 404, title: 'Unknown job', retryable: false },
  DATA_FEED_UNKNOWN: { status: 404, title: 'Unknown feed', retryable: false },
  DATA_TOO_MANY_JOBS: { status: 503, title: 'Too many jobs', retryable: true },
});
