import { fieldsOf, type ContractClass, type FieldInfo, type JsonSchema } from '../../kernel/fields.js';

/** JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>;

const exampleId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const exampleTime = '2023-01-01T00:00:00.000Z';
const depthMax = 6;

/** The schema of a contract class, by its fields; classes it names are references. Unknown fields are refused, so it is closed. */
export function schemaOf(contract: ContractClass, closed = true): Schema {
  const fields = fieldsOf(contract);
  const required = fields.filter(({ optional }) => !optional).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.name, schemaOfField(field)])),
    ...(required.length > 0 ? { required } : {}),
    ...(closed ? { additionalProperties: false } : {}),
  };
}

export function schemaOfField(field: FieldInfo): Schema {
  const { example, description, ...own } = field.schema;
  const said = {
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { examples: [example] }),
  };
  return { ...withNull(bareSchema(field, own), field.nullable), ...said };
}

function bareSchema({ of, shape }: FieldInfo, own: JsonSchema): Schema {
  if (of === undefined) return { ...own };
  const reference = referenceTo(of());
  if (shape === 'list') return { ...own, type: 'array', items: reference };
  if (shape === 'map') return { ...own, type: 'object', additionalProperties: reference };
  return reference;
}

function withNull(schema: Schema, nullable: boolean): Schema {
  if (!nullable) return schema;
  if ('$ref' in schema) return { anyOf: [schema, { type: 'null' }] };
  // Without a type anything goes, null among it.
  if (schema.type === undefined) return schema;
  const allowed = schema.enum as readonly unknown[] | undefined;
  return { ...schema, type: [schema.type, 'null'], ...(allowed ? { enum: [...allowed, null] } : {}) };
}

export function referenceTo(contract: ContractClass): Schema {
  return { $ref: `#/components/schemas/${contract.name}` };
}

/** The class and every class its fields name, directly or not. */
export function withNamed(contracts: Iterable<ContractClass>): Set<ContractClass> {
  const found = new Set<ContractClass>();
  const visit = (contract: ContractClass): void => {
    if (found.has(contract)) return;
    found.add(contract);
    for (const { of } of fieldsOf(contract)) if (of) visit(of());
  };
  for (const contract of contracts) visit(contract);
  return found;
}

/** A value that the contract accepts: its fields' own examples, else the plainest thing that fits. */
export function exampleOf(contract: ContractClass, depth = 0): Record<string, unknown> {
  const fields = fieldsOf(contract).filter(
    ({ optional, schema }) => !optional || schema.example !== undefined,
  );
  return Object.fromEntries(fields.map((field) => [field.name, exampleOfField(field, depth)]));
}

function exampleOfField(field: FieldInfo, depth: number): unknown {
  const { schema, of, shape, name } = field;
  if (schema.example !== undefined) return schema.example;
  if (of) {
    if (depth >= depthMax) return field.nullable ? null : {};
    const one = exampleOf(of(), depth + 1);
    return shape === 'list' ? [one] : shape === 'map' ? { name: one } : one;
  }
  return plainExample(schema, name);
}

function plainExample(schema: JsonSchema, name: string): unknown {
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'string':
      if (schema.format === 'decimal') return '1.5';
      if (schema.format === 'date-time') return exampleTime;
      if (name === 'id' || name.endsWith('Id')) return exampleId.slice(0, schema.maxLength);
      return 'text'.padEnd(schema.minLength ?? 0, '.').slice(0, schema.maxLength);
    case 'integer':
      return Math.max(schema.minimum ?? 0, Math.min(1, schema.maximum ?? 1));
    case 'number':
      return Math.max(schema.minimum ?? 0, Math.min(0.5, schema.maximum ?? 0.5));
    case 'boolean':
      return true;
    case 'array':
      return schema.items ? [plainExample(schema.items, name)] : [];
    case 'object':
      return {};
    default:
      return null;
  }
}
