import { defineProblems } from '../../kernel/errors.js';

/** Between the processes of one server. UPSTREAM_FAULT and UPSTREAM_TIMEOUT, whose outcome is unknown, are the kernel's. */
export const rpcProblem = defineProblems({
  UPSTREAM_UNAVAILABLE: { status: 503, title: 'Upstream could not be asked', retryable: true },
});
