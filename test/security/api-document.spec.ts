import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemKinds } from '../../src/kernel/errors.js';
import { contractClasses } from '../../src/kernel/fields.js';
import { faultsOf } from '../../src/kernel/validator.js';
import { exampleOf } from '../../src/gateway/openapi/schema.js';
import { startGateway, type GatewayProcess } from './gateway-process.js';

let gateway: GatewayProcess;
let document: any;
beforeAll(async () => {
  gateway = await startGateway();
  document = (await gateway.client.get('/docs-json')).body;
});
afterAll(() => gateway?.stop());

interface Operation {
  name: string;
  operation: any;
}
const operations = (): Operation[] =>
  Object.entries<any>(document.paths).flatMap(([path, item]) =>
    Object.entries<any>(item).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );

describe('the API document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('describes every route of the process', () => {
    const routes = (gateway.app.getHttpAdapter() as any).routes as {
      routes: { segments: string[]; methods: Set<string> }[];
    };
    const served = routes.routes
      .flatMap(({ segments, methods }) => [...methods].map((method) => `${method} ${segments.join('/')}`))
      .filter((route) => route.includes(' /v1/') && !/^(HEAD|OPTIONS) /.test(route))
      .map((route) => route.replace(/:(\w+)/g, '{$1}'))
      .toSorted();
    expect(
      operations()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(served);
    expect(served.length).toBeGreaterThan(60);
  });

  it('gives each of them a summary, a tag, an answer, and the problems it can meet', () => {
    for (const { name, operation } of operations()) {
      expect(operation.summary.length, name).toBeGreaterThan(3);
      expect(
        document.tags.map((tag: any) => tag.name),
        name,
      ).toContain(operation.tags[0]);
      const statuses = Object.keys(operation.responses);
      expect(
        statuses.some((status) => status.startsWith('2')),
        name,
      ).toBe(true);
      expect(statuses, name).toContain('500');
      for (const [status, response] of Object.entries<any>(operation.responses)) {
        expect(response.description.length, `${name} ${status}`).toBeGreaterThan(3);
        expect(response.headers, `${name} ${status}`).toHaveProperty('X-Request-Id');
        if (!status.startsWith('2'))
          expect(Object.keys(response.content)).toEqual(['application/problem+json']);
      }
    }
  });

  it('asks for a token wherever the guard does', () => {
    const all = operations();
    const open = all.filter(({ operation }) => operation.security.length === 0);
    expect(open.map(({ name }) => name)).toEqual(['POST /v1/auth/login', 'POST /v1/auth/refresh']);
    for (const { name, operation } of all.filter((one) => !open.includes(one))) {
      expect(operation.security, name).toEqual([{ bearer: [] }]);
      expect(operation.responses, name).toHaveProperty('401');
      expect(operation.responses, name).toHaveProperty('403');
    }
  });

  it('names only codes that exist, with their status', () => {
    for (const { name, operation } of operations()) {
      for (const [status, response] of Object.entries<any>(operation.responses)) {
        for (const code of Object.keys(response.content?.['application/problem+json']?.examples ?? {})) {
          expect(problemKinds().get(code)?.status, `${name} ${code}`).toBe(Number(status));
        }
      }
    }
  });

  it('shows examples that its own schemas accept', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'doc', components: document.components });
    const compiled = new Map<string, ValidateFunction>();
    const judge = (schema: object, example: unknown, where: string): void => {
      const text = JSON.stringify(schema).replaceAll('"#/components', '"doc#/components');
      const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
      compiled.set(text, validate);
      expect(validate(example), `${where}: ${JSON.stringify(validate.errors)}`).toBe(true);
    };
    let judged = 0;
    for (const { name, operation } of operations()) {
      const bodies = [operation.requestBody, ...Object.values<any>(operation.responses)];
      for (const body of bodies) {
        for (const [type, media] of Object.entries<any>(body?.content ?? {})) {
          if (media.example !== undefined) {
            judge(media.schema, media.example, `${name} ${type}`);
            judged += 1;
          }
          for (const [code, { $ref }] of Object.entries<any>(media.examples ?? {})) {
            expect($ref).toBe(`#/components/examples/${code}`);
            judge(media.schema, document.components.examples[code].value, `${name} ${code}`);
          }
        }
      }
    }
    expect(judged).toBeGreaterThan(80);
  });

  it('is written from the contracts: every request example passes the validation of the server', () => {
    const named = contractClasses().filter(({ name }) => document.components.schemas[name]);
    expect(named.length).toBeGreaterThan(30);
    for (const contract of named) expect(faultsOf(contract, exampleOf(contract)), contract.name).toEqual([]);
  });

  it('tells null from absent', () => {
    const { Quote, PlaceOrder, OrderCheck } = document.components.schemas;
    expect(Quote.properties.bid.type).toEqual(['string', 'null']);
    expect(Quote.required).toContain('bid');
    expect(PlaceOrder.required).toEqual(['instrument', 'side', 'type']);
    expect(OrderCheck.properties.estimatedFee.anyOf).toContainEqual({ type: 'null' });
  });

  it('describes keys, quotas and cursors where they hold', () => {
    const create = document.paths['/v1/accounts'].post;
    expect(create.parameters).toContainEqual({ $ref: '#/components/parameters/IdempotencyKey' });
    expect(create.responses['201'].headers).toHaveProperty('Idempotency-Replayed');
    const order = document.paths['/v1/accounts/{accountId}/orders'].post;
    expect(Object.keys(order.responses)).toEqual(expect.arrayContaining(['200', '201', '422', '429']));
    expect(order.parameters[0]).toMatchObject({ name: 'accountId', in: 'path', required: true });
    const candles = document.paths['/v1/candles'].get;
    expect(candles.parameters.find((p: any) => p.name === 'limit').schema).toMatchObject({
      type: 'integer',
      maximum: 5000,
    });
    expect(Object.keys(candles.responses['200'].content)).toEqual(['application/json', 'text/csv']);
    const upload = document.paths['/v1/imports/candles'].post;
    expect(Object.keys(upload.requestBody.content)).toEqual(['text/csv', 'application/zip']);
  });
});

describe('the explorer', () => {
  it('opens at /docs with a policy that lets its own scripts run and no others', async () => {
    const page = await gateway.client.get('/docs');
    expect(page.status).toBe(200);
    expect(page.body).toContain('swagger-ui');
    const policy = page.headers.get('content-security-policy')!;
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("script-src 'self' 'unsafe");
    // Whatever the page loads must come from here and must be there.
    const sources = [...page.body.matchAll(/(?:src|href)=["']([^"']+)["']/g)].map(([, url]) => url);
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      const url = new URL(source, `${gateway.url}/docs`);
      expect(url.origin).toBe(gateway.url);
      expect((await fetch(url)).status, source).toBe(200);
    }
    expect(page.body).not.toMatch(/<script>[^<]/);
  });

  it('can be read as YAML too', async () => {
    const { status, body } = await gateway.client.get('/docs-yaml');
    expect(status).toBe(200);
    expect(body).toContain('openapi: 3.1.0');
  });
});
