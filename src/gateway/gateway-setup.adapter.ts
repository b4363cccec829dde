import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import helmet from 'helmet';
import type { Readable } from 'node:stream';
import { problem } from '../kernel/errors.js';
import { GatewayConfig } from './gateway.config.js';
import { serveApiDocument } from './openapi/openapi.adapter.js';

/** Routes that take a streamed CSV body or archive; anywhere else those are the wrong media type. */
const csvRoutes = /^\/v1\/imports\//;
const exposedHeaders = [
  'X-Request-Id',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Idempotency-Replayed',
  'Next-Cursor',
  'WWW-Authenticate',
];

/** For answers of the API: nothing may be run, framed, sniffed, kept or told on. */
const apiHeaders: readonly [string, string][] = [
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  // Answers hold account data; nothing between the server and the client may keep them.
  ['cache-control', 'no-store'],
];
const explorer = /^\/docs($|[/?])/;
/**
 * For the explorer's pages, which load their own scripts and styles and nothing from anywhere else. Made once, and for
 * these pages only: a dozen headers set on the raw response cost more than the rest of a small request.
 */
const explorerHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'self'"],
      'img-src': ["'self'", 'data:'],
      'style-src': ["'self'", "'unsafe-inline'"],
      'script-src': ["'self'"],
      'connect-src': ["'self'"],
      'object-src': ["'none'"],
      'base-uri': ["'none'"],
      'form-action': ["'self'"],
      'frame-ancestors': ["'none'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
});

/**
 * What the gateway needs of the HTTP server itself, before it listens: security headers, CORS, CSV bodies as streams,
 * the API document. Call once between `NestFactory.create` and `listen`.
 */
export function prepareGateway(app: NestFastifyApplication): void {
  const config = app.get(GatewayConfig);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook(
    'onRequest',
    (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
      if (explorer.test(request.url)) {
        explorerHeaders(request.raw, reply.raw, done as (error?: unknown) => void);
        return;
      }
      for (const [name, value] of apiHeaders) reply.header(name, value);
      done();
    },
  );
  if (config.corsOrigins.length > 0) {
    app.enableCors({
      origin: [...config.corsOrigins],
      methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: [
        'Authorization',
        'Content-Type',
        'Content-Encoding',
        'Idempotency-Key',
        'If-Match',
        'X-Request-Id',
      ],
      exposedHeaders,
      maxAge: 600,
    });
  }
  fastify.addContentTypeParser(
    ['text/csv', 'application/zip', 'application/x-zip-compressed'],
    (request: FastifyRequest, body: Readable, done: (error: Error | null, body?: Readable) => void) => {
      if (csvRoutes.test(request.url)) done(null, body);
      else
        done(
          problem('REQUEST_MEDIA_TYPE', { detail: 'this route takes a JSON body; send application/json' }),
        );
    },
  );
  serveApiDocument(app);
}
