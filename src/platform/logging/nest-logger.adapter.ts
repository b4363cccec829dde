import type { LoggerService } from '@nestjs/common';
import type { Log } from '../../kernel/log.js';

/** Parts of the framework that tell at every start what they wired; nobody needs that unless they debug. */
const chatter = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/** The framework's messages in our log. */
export class NestLogger implements LoggerService {
  constructor(private readonly target: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    const level = chatter.has(context ?? '') ? 'debug' : 'info';
    this.target[level]({ part: context ?? 'nest' }, textOf(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.target.debug({ part: contextOf(rest) ?? 'nest' }, textOf(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.debug(message, ...rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.target.warn({ part: contextOf(rest) ?? 'nest' }, textOf(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    // Nest passes (message, stack?, context?); whatever is there besides the context belongs to the fault.
    const stack = rest.length > 1 || String(rest[0]).includes('\n') ? rest[0] : undefined;
    const context = rest.length > 1 || stack === undefined ? contextOf(rest) : undefined;
    const error = message instanceof Error ? { error: message } : stack === undefined ? {} : { stack };
    this.target.error({ part: context ?? 'nest', ...error }, textOf(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }
}

function contextOf(rest: readonly unknown[]): string | undefined {
  const last = rest.at(-1);
  return typeof last === 'string' ? last : undefined;
}

function textOf(message: unknown): string {
  if (message instanceof Error) return message.message;
  return typeof message === 'string' ? message : JSON.stringify(message);
}
