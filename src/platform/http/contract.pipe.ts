import { Readable } from 'node:stream';
import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { type FieldError, problem } from '../../kernel/errors.js';
import { type ContractClass, fieldsOf } from '../../kernel/fields.js';
import { faultsOf, fromQuery } from '../../kernel/validator.js';

/**
 * Holds bodies and queries to their contract class. A parameter `@Body() order: PlaceOrder` or
 * `@Query() query: PageQuery` is all a controller has to write; parameters of other types pass as they are.
 */
@Injectable()
export class ContractPipe implements PipeTransform {
  private readonly known = new Map<Function, boolean>();

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (metatype === undefined || (type !== 'body' && type !== 'query') || !this.isContract(metatype)) {
      return value;
    }
    const contract = metatype as ContractClass;
    if (type === 'body') {
      if (value instanceof Readable) {
        throw problem('REQUEST_MEDIA_TYPE', {
          detail: 'this route takes a JSON body; send application/json',
        });
      }
      // Where everything may be left out, so may the body.
      const body = value === undefined && fieldsOf(contract).every(({ optional }) => optional) ? {} : value;
      refuse(faultsOf(contract, body));
      return body;
    }
    const query = fromQuery(contract, (value ?? {}) as Record<string, unknown>);
    refuse(
      faultsOf(contract, query).map(({ pointer, detail }) => ({ pointer: queryPointer(pointer), detail })),
    );
    return query;
  }

  private isContract(metatype: Function): boolean {
    let known = this.known.get(metatype);
    if (known === undefined) {
      known = fieldsOf(metatype as ContractClass).length > 0;
      this.known.set(metatype, known);
    }
    return known;
  }
}

/** Throws REQUEST_INVALID with every fault; nothing when there is none. */
export function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  throw problem('REQUEST_INVALID', {
    detail: `${first.pointer || 'the body'} ${first.detail}${more}`,
    errors,
  });
}

/** `/limit` of a query object is `?limit` of the request. */
function queryPointer(pointer: string): string {
  return `?${pointer.slice(1)}`;
}
