import helmet from '@fastify/helmet';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { problem } from '../kernel/errors.js';
import { GatewayConfig } from './gateway.config.js';
import { serveApiDocument } from './openapi/openapi.adapter.js';

/** Routes that take a streamed CSV body; anywhere else CSV is the wrong media type. */
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

/**
 * What the gateway needs of the HTTP server itself, before it listens: security headers, CORS, CSV bodies as streams,
 * the API document. Call once between `NestFactory.create` and `listen`.
 */
export async function prepareGateway(app: NestFastifyApplication): Promise<void> {
  const config = app.get(GatewayConfig);
  await app.register(helmet, {
    // The explorer loads its own scripts and styles, and nothing from anywhere else.
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
    crossOriginResourcePolicy: { policy: config.corsOrigins.length > 0 ? 'cross-origin' : 'same-origin' },
  });
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
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addContentTypeParser(
    'text/csv',
    (request: FastifyRequest, body: Readable, done: (error: Error | null, body?: Readable) => void) => {
      if (csvRoutes.test(request.url)) done(null, body);
      else
        done(
          problem('REQUEST_MEDIA_TYPE', { detail: 'this route takes a JSON body; send application/json' }),
        );
    },
  );
  // Answers hold account data; nothing between the server and the client may keep them.
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith('/v1/')) reply.header('Cache-Control', 'no-store');
    done();
  });
  serveApiDocument(app);
}
