import type { NestFastifyApplication } from '@nestjs/platform-fastify';
export function serveApiDocument(_app: NestFastifyApplication): void {}
