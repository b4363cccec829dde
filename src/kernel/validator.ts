import { getMetadataStorage, type ValidatorConstraintInterface } from 'class-validator';
import type { FieldError } from './errors.js';
import { fieldsOf, type ContractClass, type FieldInfo, type JsonSchema } from './fields.js';

type Rule = (owner: Record<string, unknown>, value: unknown) => string | null;

interface CompiledField {
  readonly info: FieldInfo;
  readonly applies: ((owner: Record<string, unknown>, value: unknown) => boolean)[];
  readonly rules: Rule[];
}

interface Compiled {
  readonly fields: CompiledField[];
  readonly byName: ReadonlySet<string>;
}

const compiledByClass = new Map<ContractClass, Compiled>();
/** Deeper than any contract nests; a hostile body ends here instead of on the stack. */
const depthMax = 8;
const errorsMax = 50;

/**
 * Checks `input` against the class-validator rules of `contract`, which are read once per class and run as plain closures.
 * Unknown fields are refused. Answers every fault with its JSON pointer; none means that `input` is a valid `T`.
 */
export function faultsOf(contract: ContractClass, input: unknown): FieldError[] {
  const faults: FieldError[] = [];
  check(contract, input, '', faults, 0);
  return faults;
}

/**
 * Query text to the types the contract names: `limit=10` becomes 10, `values=1,2` becomes [1, 2].
 * What cannot be read stays text and fails its rule.
 */
export function fromQuery(contract: ContractClass, query: Record<string, unknown>): Record<string, unknown> {
  const read: Record<string, unknown> = { ...query };
  for (const { info } of compile(contract).fields) {
    const value = read[info.name];
    if (info.schema.type !== 'array') {
      read[info.name] = fromText(value, info.schema.type);
    } else if (typeof value === 'string' || Array.isArray(value)) {
      // Both ways of writing a list are read: `a=1,2` and `a=1&a=2`.
      const items: unknown[] = typeof value === 'string' ? value.split(',') : value;
      read[info.name] = items.map((item) => fromText(item, info.schema.items?.type));
    }
    if (read[info.name] === undefined) delete read[info.name];
  }
  return read;
}

function fromText(value: unknown, type: JsonSchema['type']): unknown {
  if (typeof value !== 'string') return value;
  if ((type === 'integer' || type === 'number') && /^-?\d{1,20}(\.\d{1,20})?$/.test(value))
    return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function check(
  contract: ContractClass,
  input: unknown,
  at: string,
  faults: FieldError[],
  depth: number,
): void {
  if (faults.length >= errorsMax) return;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    faults.push({ pointer: at, detail: `must be an object; got ${show(input)}` });
    return;
  }
  if (depth > depthMax) {
    faults.push({ pointer: at, detail: `nests deeper than ${depthMax}` });
    return;
  }
  const owner = input as Record<string, unknown>;
  const { fields, byName } = compile(contract);
  for (const name of Object.keys(owner)) {
    if (!byName.has(name)) {
      faults.push({
        pointer: `${at}/${escape(name)}`,
        detail: `unknown field; known are ${[...byName].join(', ')}`,
      });
      if (faults.length >= errorsMax) return;
    }
  }
  for (const { info, applies, rules } of fields) {
    if (faults.length >= errorsMax) return;
    // Own fields only: `constructor` and its like come from the prototype, not from the sender.
    const value = Object.hasOwn(owner, info.name) ? owner[info.name] : undefined;
    let skip = false;
    for (const condition of applies) if (!condition(owner, value)) skip = true;
    if (skip) continue;
    const pointer = `${at}/${info.name}`;
    if (value === undefined) {
      faults.push({ pointer, detail: 'is missing' });
      continue;
    }
    let broken: string | null = null;
    for (const rule of rules) {
      broken = rule(owner, value);
      if (broken !== null) break;
    }
    if (broken !== null) {
      faults.push({ pointer, detail: `${broken}; got ${show(value)}` });
    } else if (info.of) {
      if (info.shape === 'list') {
        const of = info.of();
        (value as unknown[]).forEach((item, n) => check(of, item, `${pointer}/${n}`, faults, depth + 1));
      } else {
        check(info.of(), value, pointer, faults, depth + 1);
      }
    }
  }
}

function compile(contract: ContractClass): Compiled {
  const known = compiledByClass.get(contract);
  if (known) return known;
  const storage = getMetadataStorage();
  const metadata = storage.getTargetValidationMetadatas(contract, '', false, false);
  const fields = fieldsOf(contract).map((info): CompiledField => {
    // A field that a subclass declares again has that declaration's rules alone, none of its parent's.
    const own = metadata.filter((m) => m.propertyName === info.name && m.target === info.declaredBy);
    return {
      info,
      applies: own.filter((m) => m.type === 'conditionalValidation').map((m) => m.constraints[0]),
      // Decorators run bottom-up and were registered in order; keep that order so that the type is judged first.
      rules: own
        .filter((m) => m.type === 'customValidation')
        .map((m) => {
          const constraints = storage
            .getTargetValidatorConstraints(m.constraintCls)
            .map((c): ValidatorConstraintInterface => c.instance);
          return (owner, value) => {
            const args = {
              value,
              constraints: m.constraints,
              targetName: contract.name,
              object: owner,
              property: info.name,
            };
            for (const constraint of constraints) {
              if (!constraint.validate(value, args)) {
                const message = m.message ?? constraint.defaultMessage?.(args) ?? 'is not valid';
                const text = typeof message === 'function' ? message(args) : message;
                return text
                  .replace('$property ', '')
                  .replace(/\$constraint1/g, String(m.constraints?.[0]))
                  .replace(/\$constraint2/g, String(m.constraints?.[1]));
              }
            }
            return null;
          };
        }),
    };
  });
  const compiled = { fields, byName: new Set(fields.map((f) => f.info.name)) };
  compiledByClass.set(contract, compiled);
  return compiled;
}

/** A value as a fault quotes it; what could be large is named, not written out. */
function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}

function escape(name: string): string {
  return name.slice(0, 60).replace(/~/g, '~0').replace(/\//g, '~1');
}
