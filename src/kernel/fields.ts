import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { Decimal, decimalScaleMax, decimalTextLengthMax } from './decimal.js';
import { instrumentIdPattern } from './money.js';
import { parseRfc3339, timeframes } from './time.js';

/**
 * Contract fields. One decorator says what a field is; from it come the class-validator rules,
 * the OpenAPI schema and the query coercion, so the three cannot disagree.
 */
export type ContractClass<T extends object = object> = new () => T;

export interface JsonSchema {
  type?: string | string[];
  format?: string;
  description?: string;
  example?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
}

export interface FieldInfo {
  readonly name: string;
  /** The class whose declaration this is: a subclass may declare a field again. */
  readonly declaredBy: Function;
  readonly optional: boolean;
  readonly nullable: boolean;
  /** Schema of the value itself, or of each item of a list; without what `of` names. */
  readonly schema: JsonSchema;
  /** Class of the value (`one`) or of each item (`list`, `map`). */
  readonly of?: () => ContractClass;
  readonly shape: 'one' | 'list' | 'map';
}

interface Common {
  /** What it means, with its unit. */
  about?: string;
  example?: unknown;
  /** May be left out. */
  optional?: boolean;
  /** May be null. */
  nullable?: boolean;
}

const fieldsByClass = new Map<Function, Map<string, FieldInfo>>();

/** Fields of a contract class, inherited ones first. */
export function fieldsOf(contract: ContractClass): FieldInfo[] {
  const chain: Function[] = [];
  for (let c: Function | null = contract; c && c !== Function.prototype; c = Object.getPrototypeOf(c)) {
    chain.unshift(c);
  }
  const merged = new Map<string, FieldInfo>();
  for (const c of chain) for (const [name, info] of fieldsByClass.get(c) ?? []) merged.set(name, info);
  return [...merged.values()];
}

/** Every class that declares a field; the OpenAPI document is written from it. */
export function contractClasses(): ContractClass[] {
  return [...fieldsByClass.keys()] as ContractClass[];
}

function field(
  common: Common,
  rules: PropertyDecorator[],
  info: Omit<FieldInfo, 'name' | 'declaredBy' | 'optional' | 'nullable' | 'shape'> & {
    shape?: FieldInfo['shape'];
  },
): PropertyDecorator {
  const { optional = false, nullable = false } = common;
  return (target, key) => {
    const name = String(key);
    const own = fieldsByClass.get(target.constructor) ?? new Map<string, FieldInfo>();
    fieldsByClass.set(target.constructor, own);
    own.set(name, {
      shape: 'one',
      ...info,
      schema: {
        ...info.schema,
        ...(common.about ? { description: common.about } : {}),
        ...(common.example !== undefined ? { example: common.example } : {}),
      },
      name,
      declaredBy: target.constructor,
      optional,
      nullable,
    });
    for (const rule of rules) rule(target, key);
    if (optional || nullable) {
      ValidateIf((_object, value) => !((optional && value === undefined) || (nullable && value === null)))(
        target,
        key,
      );
    }
  };
}

/** NUL and halves of a surrogate pair: JSON can say them, no database can store them. */
const unstorable = /[\0\p{Cs}]/u;
const unstorableSays = 'must be text without NUL and without halves of surrogate pairs';

/** Plain text of bounded length that can be stored. */
export function text(
  options: Common & { min?: number; max?: number; pattern?: RegExp; patternSays?: string } = {},
): PropertyDecorator {
  const { min = 0, max = 200, pattern, patternSays } = options;
  const storable = ValidateBy(
    {
      name: 'storable',
      validator: { validate: (value: unknown) => typeof value === 'string' && !unstorable.test(value) },
    },
    { message: unstorableSays },
  );
  const rules = [IsString(), MinLength(min), MaxLength(max), storable];
  if (pattern) rules.push(Matches(pattern, { message: patternSays ?? `must match ${pattern}` }));
  return field(options, rules, {
    schema: {
      type: 'string',
      ...(min > 0 ? { minLength: min } : {}),
      maxLength: max,
      ...(pattern ? { pattern: pattern.source } : {}),
    },
  });
}

const decimalPattern = {
  positive: `^(?=.*[1-9])\\d+(\\.\\d{1,${decimalScaleMax}})?$`,
  'not-negative': `^\\d+(\\.\\d{1,${decimalScaleMax}})?$`,
  any: `^-?\\d+(\\.\\d{1,${decimalScaleMax}})?$`,
};

/** An exact number as text. `sign`: which values are allowed (default `positive`). */
export function decimal(
  options: Common & { sign?: 'positive' | 'not-negative' | 'any' } = {},
): PropertyDecorator {
  const { sign = 'positive' } = options;
  const says = {
    positive: 'must be a decimal string greater than 0, e.g. "0.5"',
    'not-negative': 'must be a decimal string of 0 or more, e.g. "0.5"',
    any: 'must be a decimal string, e.g. "-0.5"',
  }[sign];
  const rule = ValidateBy(
    {
      name: 'decimal',
      validator: {
        validate: (value: unknown) => {
          if (typeof value !== 'string') return false;
          const parsed = Decimal.parse(value);
          // `-0` is refused like every other minus sign, as the published pattern says.
          if (parsed === null || (sign !== 'any' && value.startsWith('-'))) return false;
          return sign === 'any' || (sign === 'positive' ? parsed.isPositive() : !parsed.isNegative());
        },
      },
    },
    { message: `${says} (no exponent, at most ${decimalTextLengthMax} characters)` },
  );
  return field(options, [rule], {
    schema: {
      type: 'string',
      format: 'decimal',
      pattern: decimalPattern[sign],
      maxLength: decimalTextLengthMax,
    },
  });
}

export function integer(options: Common & { min?: number; max?: number } = {}): PropertyDecorator {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return field(options, [IsInt(), Min(min), Max(max)], {
    schema: { type: 'integer', minimum: min, maximum: max },
  });
}

/** A float: ratios and model outputs only, never price, quantity or money. */
export function float(options: Common & { min?: number; max?: number } = {}): PropertyDecorator {
  const { min, max } = options;
  const rules = [IsNumber({ allowNaN: false, allowInfinity: false })];
  if (min !== undefined) rules.push(Min(min));
  if (max !== undefined) rules.push(Max(max));
  return field(options, rules, {
    schema: {
      type: 'number',
      ...(min !== undefined ? { minimum: min } : {}),
      ...(max !== undefined ? { maximum: max } : {}),
    },
  });
}

export function flag(options: Common = {}): PropertyDecorator {
  return field(options, [IsBoolean()], { schema: { type: 'boolean' } });
}

export function oneOf(values: readonly string[], options: Common = {}): PropertyDecorator {
  return field(options, [IsIn([...values], { message: `must be one of ${values.join(', ')}` })], {
    schema: { type: 'string', enum: values },
  });
}

/** RFC 3339, e.g. `2023-01-01T00:00:00.000Z`. */
export function time(options: Common = {}): PropertyDecorator {
  const rule = ValidateBy(
    {
      name: 'time',
      validator: { validate: (value: unknown) => typeof value === 'string' && parseRfc3339(value) !== null },
    },
    { message: 'must be an RFC 3339 time, e.g. "2023-01-01T00:00:00.000Z"' },
  );
  return field(options, [rule], { schema: { type: 'string', format: 'date-time' } });
}

export function instrumentId(options: Common = {}): PropertyDecorator {
  const rule = Matches(instrumentIdPattern, {
    message: 'must be an instrument id such as "BTC-USDT.BINANCE"',
  });
  return field({ example: 'BTC-USD.SIM', ...options }, [IsString(), rule], {
    schema: { type: 'string', pattern: instrumentIdPattern.source },
  });
}

export function timeframe(options: Common = {}): PropertyDecorator {
  return oneOf(timeframes, { example: '1m', ...options });
}

/** An object of another contract class. */
export function object(of: () => ContractClass, options: Common = {}): PropertyDecorator {
  return field(options, [IsObject()], { schema: {}, of });
}

/** A list of objects of a contract class, or of plain values described by `items`. */
export function list(
  of: (() => ContractClass) | JsonSchema,
  options: Common & { min?: number; max?: number } = {},
): PropertyDecorator {
  const { min = 0, max = 5000 } = options;
  const rules = [IsArray(), ArrayMinSize(min), ArrayMaxSize(max)];
  const bounds = { minItems: min, maxItems: max };
  if (typeof of === 'function') return field(options, rules, { schema: bounds, of, shape: 'list' });
  rules.push(itemRule(of));
  return field(options, rules, { schema: { type: 'array', items: of, ...bounds } });
}

/** Decimals by name, e.g. balances `{"USD": "100000"}`. */
export function decimalMap(options: Common & { max?: number } = {}): PropertyDecorator {
  const { max = 100 } = options;
  const rule = ValidateBy(
    {
      name: 'decimalMap',
      validator: {
        validate: (value: unknown) => {
          if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
          const entries = Object.entries(value);
          return (
            entries.length <= max &&
            entries.every(([key, v]) => {
              if (!/^[A-Z0-9]{1,20}$/.test(key) || typeof v !== 'string') return false;
              const parsed = Decimal.parse(v);
              return parsed !== null && !parsed.isNegative();
            })
          );
        },
      },
    },
    { message: `must map asset names to decimal strings of 0 or more, at most ${max}` },
  );
  return field(options, [rule], {
    schema: { type: 'object', additionalProperties: { type: 'string', format: 'decimal' } },
  });
}

/** Free-form plain data, e.g. a job's result. */
export function anything(options: Common = {}): PropertyDecorator {
  return field(options, [], { schema: {} });
}

function itemRule(items: JsonSchema): PropertyDecorator {
  const fits = plainRule(items);
  return ValidateBy(
    {
      name: 'items',
      validator: { validate: (value: unknown) => Array.isArray(value) && value.every(fits) },
    },
    {
      message: `items must be ${items.type}${items.enum ? ` of ${items.enum.join(', ')}` : ''}${items.pattern ? ` matching ${items.pattern}` : ''}`,
    },
  );
}

/** The check of one plain item. Throws RangeError for a schema it cannot judge, so that no list goes unjudged. */
function plainRule(schema: JsonSchema): (value: unknown) => boolean {
  const {
    type,
    enum: allowed,
    minLength = 0,
    maxLength = 200,
    minimum = -Infinity,
    maximum = Infinity,
  } = schema;
  const pattern = schema.pattern === undefined ? null : new RegExp(schema.pattern);
  if (Array.isArray(type)) {
    const rules = type.map((one) => plainRule({ ...schema, type: one }));
    return (value) => rules.some((fits) => fits(value));
  }
  switch (type) {
    case 'null':
      return (value) => value === null;
    case 'string':
      return (value) =>
        typeof value === 'string' &&
        value.length >= minLength &&
        value.length <= maxLength &&
        !unstorable.test(value) &&
        (allowed === undefined || allowed.includes(value)) &&
        (pattern === null || pattern.test(value));
    case 'integer':
    case 'number':
      return (value) =>
        (type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
        (value as number) >= minimum &&
        (value as number) <= maximum;
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 5000 } = schema;
      const fits = plainRule(items);
      return (value) =>
        Array.isArray(value) && value.length >= minItems && value.length <= maxItems && value.every(fits);
    }
    default:
      throw new RangeError(
        `a list of plain ${JSON.stringify(type)} has no rule; name a contract class instead`,
      );
  }
}
