import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { problem } from '../../kernel/errors.js';
import { parseInstrumentId } from '../../kernel/money.js';

const idPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/;

function partOf(name: string, context: ExecutionContext): string {
  return (context.switchToHttp().getRequest<FastifyRequest>().params as Record<string, string>)[name] ?? '';
}

/** A part of the path that is one of our ids. Anything else names nothing, so the answer is 404 as for any other stranger. */
export const PathId = createParamDecorator((name: string, context: ExecutionContext): string => {
  const id = partOf(name, context);
  if (idPattern.test(id)) return id;
  throw problem('REQUEST_NOT_FOUND', {
    detail: `${JSON.stringify(id.slice(0, 60))} is no id; ids have 26 characters, e.g. 01ARZ3NDEKTSV4RRFFQ69G5FAV`,
  });
});

/** A part of the path that has the form of an instrument id; whether there is such an instrument its owner says. */
export const PathInstrument = createParamDecorator((name: string, context: ExecutionContext): string => {
  const id = partOf(name, context);
  if (parseInstrumentId(id) !== null) return id;
  throw problem('REQUEST_NOT_FOUND', {
    detail: `${JSON.stringify(id.slice(0, 60))} is no instrument id; they look like BTC-USDT.BINANCE`,
  });
});
