import '../../data/contract/errors.js';
import '../../ml/contract/errors.js';
import '../../trading/contract/errors.js';
import { RequestMethod } from '@nestjs/common';
import {
  HTTP_CODE_METADATA,
  METHOD_METADATA,
  ROUTE_ARGS_METADATA,
  RouteParamtypes,
} from '@nestjs/common/internal';
import { ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { accessOf } from '../../kernel/access.js';
import { problemKinds } from '../../kernel/errors.js';
import { fieldsOf, type ContractClass } from '../../kernel/fields.js';
import { invariant } from '../../kernel/invariant.js';
import { usualPolicy } from '../access/limit.guard.js';
import { policyOf } from '../access/limited.js';
import { ProcessInfo } from '../http/process-info.js';
import { headers, parameters, problemSchema } from './components.js';
import { descriptionOf, type AnswerShape, type RouteDescription } from './describe.js';
import { operationOf, problemExample, shapeOf, tags, type RouteFacts } from './operation.js';
import { otherRoutes } from './other-routes.js';
import { schemaOf, withNamed } from './schema.js';

const introduction = `Market data in, predictions and risk-checked orders out, every cent accounted for.

Sign in with \`POST /v1/auth/login\` and send \`Authorization: Bearer <accessToken>\`. Prices, quantities and money are
decimal strings; times are RFC 3339 UTC with milliseconds. Lists answer \`{items, nextCursor}\`. Every "no" is a problem
document (RFC 9457) with a stable \`code\`. Live data: WebSocket \`/v1/stream\`.`;

/** Serves the API document at `/docs-json` (and `/docs-yaml`) and the explorer at `/docs`; written when first asked for. */
export function serveApiDocument(app: NestFastifyApplication): void {
  let document: OpenAPIObject | null = null;
  SwaggerModule.setup('docs', app, () => (document ??= apiDocument(app)), {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    customSiteTitle: 'RRRalgorithms API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tagsSorter: null },
  });
}

/** The OpenAPI 3.1 document of every route of this process. Throws when a route is not described. */
export function apiDocument(app: NestFastifyApplication): OpenAPIObject {
  const handlers = handlersOf(app);
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('RRRalgorithms')
    .setDescription(introduction)
    .setVersion(app.get(ProcessInfo).version)
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .build();
  const scanned = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
    autoTagControllers: false,
  });
  const contracts = new Set<ContractClass>();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, item] of Object.entries(scanned.paths)) {
    for (const [method, { operationId }] of Object.entries<{ operationId: string }>(item as never)) {
      const found = handlers.get(operationId);
      invariant(found !== undefined, 'every route has a handler', { operationId });
      const facts = factsOf(found, path, method);
      for (const contract of namedBy(facts)) contracts.add(contract);
      (paths[path] ??= {})[method] = { operationId, ...operationOf(facts) };
    }
  }
  const schemas = Object.fromEntries(
    [...withNamed(contracts)].map((contract) => [contract.name, schemaOf(contract)]),
  );
  invariant(
    Object.keys(schemas).length === withNamed(contracts).size,
    'contract classes have names of their own',
  );
  return {
    ...scanned,
    paths,
    tags: tags.map(({ name, description }) => ({ name, description })),
    components: {
      securitySchemes: scanned.components?.securitySchemes,
      schemas: { ...schemas, Problem: problemSchema },
      headers,
      parameters,
      examples: Object.fromEntries(
        [...problemKinds()].map(([code, kind]) => [
          code,
          { summary: kind.title, value: problemExample(code, kind) },
        ]),
      ),
    },
  } as unknown as OpenAPIObject;
}

interface Handler {
  readonly route: Function;
  readonly controller: Function;
  readonly name: string;
}

/** Every route handler of the process, by operation id. */
export function handlersOf(app: NestFastifyApplication): Map<string, Handler> {
  const found = new Map<string, Handler>();
  for (const { controllers } of app.get(ModulesContainer).values()) {
    for (const { metatype } of controllers.values()) {
      if (typeof metatype !== 'function') continue;
      for (
        let proto = metatype.prototype;
        proto && proto !== Object.prototype;
        proto = Object.getPrototypeOf(proto)
      ) {
        for (const name of Object.getOwnPropertyNames(proto)) {
          const route: unknown = Object.getOwnPropertyDescriptor(proto, name)?.value;
          if (typeof route !== 'function' || Reflect.getMetadata(METHOD_METADATA, route) === undefined)
            continue;
          const id = `${metatype.name.replace(/Controller$/, '')}_${name}`;
          if (!found.has(id)) found.set(id, { route, controller: metatype, name });
        }
      }
    }
  }
  return found;
}

function factsOf({ route, controller, name }: Handler, path: string, method: string): RouteFacts {
  const description: RouteDescription | null = descriptionOf(route) ?? otherRoutes[path] ?? null;
  invariant(description !== null, 'every route is described', { method, path });
  const access = accessOf(route, controller);
  invariant(access !== null, 'every route says who may call it', { method, path });
  const isPost = Reflect.getMetadata(METHOD_METADATA, route) === RequestMethod.POST;
  return {
    method,
    path,
    status:
      Reflect.getMetadata(HTTP_CODE_METADATA, route) ??
      (isPost ? 201 : description.answers === 'nothing' ? 204 : 200),
    access,
    policy: policyOf(route) ?? usualPolicy(access, method.toUpperCase(), path),
    description,
    body: argumentOf(controller, name, RouteParamtypes.BODY),
    query: argumentOf(controller, name, RouteParamtypes.QUERY),
  };
}

/** The contract class of the parameter that takes the body or the query. */
function argumentOf(controller: Function, name: string, kind: RouteParamtypes): ContractClass | null {
  const args: Record<string, { index: number }> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {};
  const key = Object.keys(args).find((at) => at.startsWith(`${kind}:`));
  if (key === undefined) return null;
  const types: ContractClass[] = Reflect.getMetadata('design:paramtypes', controller.prototype, name) ?? [];
  const type = types[args[key].index];
  return type && fieldsOf(type).length > 0 ? type : null;
}

function namedBy({ body, query, description }: RouteFacts): ContractClass[] {
  return [body, ...answerClasses(description.answers), query].filter(
    (contract): contract is ContractClass => contract !== null && contract !== query,
  );
}

function answerClasses(answers: AnswerShape): ContractClass[] {
  if (shapeOf(answers) === null) return [];
  if (typeof answers === 'function') return [answers];
  if (typeof answers === 'string') return [];
  if ('eitherOf' in answers) return answers.eitherOf.flatMap(answerClasses);
  return 'pageOf' in answers ? [answers.pageOf] : [];
}
