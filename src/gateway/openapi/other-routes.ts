import type { RouteDescription } from './describe.js';

const health = {
  answers: { schema: { type: 'object', additionalProperties: true }, example: { status: 'ok' } },
} as const;

/** Routes of the process that other parts serve, so that the document names everything a client can call. */
export const otherRoutes: Readonly<Record<string, RouteDescription>> = {
  '/livez': { ...health, summary: 'Is the process alive? Never asks the database' },
  '/readyz': { ...health, summary: 'May traffic be sent here?', problems: ['SERVER_UNAVAILABLE'] },
  '/startupz': { ...health, summary: 'Has the start finished?', problems: ['SERVER_UNAVAILABLE'] },
  '/health': { ...health, summary: 'Every check in detail' },
  '/metrics': {
    summary: 'Prometheus metrics',
    answers: { schema: { type: 'string' }, example: '# TYPE http_requests_in_flight gauge' },
  },
};
