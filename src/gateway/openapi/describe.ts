import 'reflect-metadata';
import type { ContractClass, JsonSchema } from '../../kernel/fields.js';

/** What a success answers: an object, a page of them, one of several, something described here, or no body. */
export type AnswerShape =
  | ContractClass
  | { readonly pageOf: ContractClass }
  | { readonly eitherOf: readonly AnswerShape[] }
  | { readonly schema: JsonSchema; readonly example: unknown }
  | 'nothing';

export interface RouteDescription {
  /** One line, for the table of contents. */
  readonly summary: string;
  /** What a caller must know beyond it. */
  readonly more?: string;
  readonly answers: AnswerShape;
  /** What the success status means, when it is not obvious. */
  readonly says?: string;
  /** Other successes of the same shape, e.g. 200 for a repeated order. */
  readonly also?: Readonly<Record<number, string>>;
  /** Codes of the catalogue it may answer, those of every route aside. */
  readonly problems?: readonly string[];
  /** Wants `If-Match` with the version that was read. */
  readonly matched?: boolean;
  /** Takes `Idempotency-Key`. */
  readonly keyed?: boolean;
  /** Also answers `text/csv` when the Accept header prefers it. */
  readonly csv?: boolean;
  /** Answers `text/csv` and nothing else; the example is its first lines. */
  readonly csvAnswer?: string;
  /** Takes a streamed `text/csv` body, or a zip archive of one; the example is its first lines. */
  readonly csvBody?: string;
}

const describedKey = Symbol('described');

/** Says of a route what the API document shows; its parameters, body, rights and limits are read from the route itself. */
export function Describe(description: RouteDescription): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    Reflect.defineMetadata(describedKey, description, descriptor.value);
  };
}

export function descriptionOf(route: Function): RouteDescription | null {
  return Reflect.getMetadata(describedKey, route) ?? null;
}
