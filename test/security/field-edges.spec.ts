import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Client } from '../support/client.js';
import { type GatewayProcess, startGateway } from './gateway-process.js';

/**
 * Every field of every route that trades, at its edges: what the API document allows at most is taken, and one step
 * beyond it is refused by name. The document and the validation come from one declaration; this holds them to it.
 */
type Schema = Record<string, any>;
interface Edge {
  readonly value: unknown;
  readonly is: string;
  readonly ok: boolean;
}
interface Place {
  readonly pointer: string;
  readonly schema: Schema;
  /** Puts a value there, with nothing beside it. */
  readonly at: (value: unknown) => unknown;
}

let gateway: GatewayProcess;
let client: Client;
let document: any;
beforeAll(async () => {
  const much = '100000/1';
  gateway = await startGateway({
    config: { limitWrite: much, limitOrders: much, limitSafety: much, limitRead: much },
  });
  client = await gateway.signedIn();
  document = (await gateway.client.get('/docs-json')).body;
});
afterAll(() => gateway?.stop());

const resolved = (schema: Schema): Schema => {
  if (schema.anyOf !== undefined) return { ...resolved(schema.anyOf[0]), nullable: true };
  if (schema.$ref !== undefined) return resolved(document.components.schemas[schema.$ref.split('/').at(-1)]);
  return schema;
};
const typesOf = ({ type, nullable }: Schema): string[] => [type, ...(nullable ? ['null'] : [])].flat();

function placesIn(schema: Schema, pointer = '', at: Place['at'] = (value) => value): Place[] {
  return Object.entries<Schema>(schema.properties ?? {}).flatMap(([name, bare]) => {
    const field = resolved(bare);
    const place = {
      pointer: `${pointer}/${name}`,
      schema: field,
      at: (value: unknown) => at({ [name]: value }),
    };
    const items = typesOf(field).includes('array') ? resolved(field.items ?? {}) : {};
    return [
      place,
      ...placesIn(field, place.pointer, place.at),
      // As many as there must be, or only their number would be told.
      ...placesIn(items, `${place.pointer}/0`, (value) =>
        place.at(Array.from({ length: Math.max(1, field.minItems ?? 0) }, () => value)),
      ),
    ];
  });
}

/** Values just inside and just outside of what a schema allows. */
function edgesOf(schema: Schema): Edge[] {
  const types = typesOf(schema);
  if (schema.type === undefined) return [];
  const good = (value: unknown, is: string): Edge => ({ value, is, ok: true });
  const bad = (value: unknown, is: string): Edge => ({ value, is, ok: false });
  const edges: Edge[] = [types.includes('null') ? good(null, 'null') : bad(null, 'null')];
  const wrongTypes: [string, unknown][] = [
    ['string', 'text'],
    ['integer', 5],
    ['boolean', true],
    ['object', { value: '1' }],
    ['array', ['1']],
  ];
  for (const [type, value] of wrongTypes) {
    const fits = types.includes(type) || (type === 'integer' && types.includes('number'));
    if (!fits) edges.push(bad(value, `of type ${type}`));
  }
  const {
    enum: allowed,
    minLength,
    maxLength,
    minimum,
    maximum,
    exclusiveMinimum,
    maxItems,
    minItems,
    pattern,
  } = schema;
  if (types.includes('string')) {
    if (allowed !== undefined)
      edges.push(
        ...allowed.map((value: unknown) => good(value, 'allowed')),
        bad('nonsense', 'not of the list'),
      );
    else if (pattern === undefined && schema.format === undefined && maxLength !== undefined) {
      edges.push(good('x'.repeat(maxLength), 'as long as it may be'));
      if (minLength > 0) edges.push(good('x'.repeat(minLength), 'as short as it may be'));
    }
    if (maxLength !== undefined) edges.push(bad('1'.repeat(maxLength + 1), 'too long'));
    if (minLength > 0) edges.push(bad('', 'empty'));
    if (pattern !== undefined)
      for (const value of ['NaN', '1e999', ' 1', ''])
        if (!new RegExp(pattern).test(value)) edges.push(bad(value, JSON.stringify(value)));
    if (schema.format === 'date-time')
      edges.push(bad('yesterday', 'no time'), bad('2023-01-01T00:00:00', 'without a zone'));
  }
  if (types.includes('integer') || types.includes('number')) {
    if (minimum !== undefined) edges.push(good(minimum, 'the least'), bad(minimum - 1, 'below the least'));
    if (exclusiveMinimum !== undefined) edges.push(bad(exclusiveMinimum, 'the bound itself'));
    if (maximum !== undefined) edges.push(good(maximum, 'the most'), bad(maximum + 1, 'above the most'));
    if (types.includes('integer')) edges.push(bad(1.5, 'a fraction'));
  }
  if (types.includes('array')) {
    const items = resolved(schema.items ?? {});
    const one = items.enum?.[0] ?? (items.type === 'object' ? {} : 'x');
    if (maxItems !== undefined)
      edges.push(
        bad(
          Array.from({ length: maxItems + 1 }, () => one),
          'too many',
        ),
      );
    if (minItems > 0) edges.push(bad([], 'none'));
  }
  return edges;
}

const json = { 'content-type': 'application/json', 'if-match': '*' };
const trades = (path: string): boolean => /^\/v1\/(accounts|risk)/.test(path);
const pathOf = (path: string): string => path.replace(/\{\w+\}/g, '01ARZ3NDEKTSV4RRFFQ69G5FAV');
const refused = (answer: Answer): string[] =>
  answer.status === 400 ? (answer.body.errors ?? []).map((error: { pointer: string }) => error.pointer) : [];
/** Of a value that is wrong as a whole the fault may lie in it, and of a body of one field others are missing. */
const names = (answer: Answer, pointer: string): boolean =>
  refused(answer).some((one) => one === pointer || one.startsWith(`${pointer}/`));

describe('every field of every route that trades', () => {
  it('is refused by name outside of its edges, and not inside', async () => {
    const asked: Record<string, number> = {};
    const faults: string[] = [];
    for (const [path, item] of Object.entries<any>(document.paths)) {
      if (!trades(path)) continue;
      for (const [method, operation] of Object.entries<any>(item)) {
        const schema = operation.requestBody?.content?.['application/json']?.schema;
        if (schema === undefined) continue;
        const route = `${method.toUpperCase()} ${path}`;
        const places = placesIn(resolved(schema));
        const unknown: Place = { pointer: '/nonsense', schema: {}, at: (value) => ({ nonsense: value }) };
        for (const place of [...places, unknown]) {
          const edges = place === unknown ? [{ value: 1, is: 'unknown', ok: false }] : edgesOf(place.schema);
          for (const { value, is, ok } of edges) {
            const answer = await client.raw(
              method.toUpperCase(),
              pathOf(path),
              JSON.stringify(place.at(value)),
              json,
            );
            asked[route] = (asked[route] ?? 0) + 1;
            // What is well-formed goes on to ports that are made up here and may not know what to say.
            if (!ok && answer.status >= 500) faults.push(`${route} ${place.pointer} ${is}: ${answer.status}`);
            if (ok === names(answer, place.pointer))
              faults.push(
                `${route} ${place.pointer} ${is}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`,
              );
          }
        }
      }
    }
    expect(faults).toEqual([]);
    expect(Object.keys(asked).length).toBeGreaterThan(12);
    expect(Object.values(asked).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(600);
  }, 120_000);

  it('of a query as well', async () => {
    const faults: string[] = [];
    let asked = 0;
    for (const [path, item] of Object.entries<any>(document.paths)) {
      if (!trades(path)) continue;
      for (const [method, operation] of Object.entries<any>(item)) {
        for (const bare of operation.parameters ?? []) {
          const parameter = bare.$ref ? document.components.parameters[bare.$ref.split('/').at(-1)] : bare;
          if (parameter.in !== 'query') continue;
          const schema = resolved(parameter.schema);
          for (const { value, is, ok } of edgesOf(schema)) {
            // A query is text: whatever is written there is a string.
            if (typeof value === 'object' || typeof value === 'boolean' || is.startsWith('of type')) continue;
            const query = `?${parameter.name}=${encodeURIComponent(String(value))}`;
            const answer = await client.raw(method.toUpperCase(), pathOf(path) + query, undefined);
            asked += 1;
            if ((!ok && answer.status >= 500) || ok === names(answer, `?${parameter.name}`))
              faults.push(
                `${method} ${path}${query.slice(0, 80)} ${is}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`,
              );
          }
        }
      }
    }
    expect(faults).toEqual([]);
    expect(asked).toBeGreaterThan(50);
  }, 60_000);
});
