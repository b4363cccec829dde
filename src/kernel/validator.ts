import { getMetadataStorage, type ValidatorConstraintInterface } from 'class-validator';
import type { FieldError } from './errors.js';
import { fieldsOf, type ContractClass, type FieldInfo } from './fields.js';

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
 * Query text to the types the contract names: `limit=10` becomes 10. What cannot be read stays text and fails its rule.
 */
export function fromQuery(contract: ContractClass, query: Record<string, unknown>): Record<string, unknown> {
  const read: Record<string, unknown> = { ...query };
  for (const { info } of compile(contract).fields) {
    const value = read[info.name];
    if (typeof value !== 'string') continue;
    const type = info.schema.type;
    if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(value))
      read[info.name] = Number(value);
    else if (type === 'boolean' && (value === 'true' || value === 'false'))
      read[info.name] = value === 'true';
    else if (type === 'array') read[info.name] = value.split(',');
  }
  return read;
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
    const value = owner[info.name];
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
        (value as unknown[]).forEach((item, n) =>
          check(info.of!(), item, `${pointer}/${n}`, faults, depth + 1),
        );
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
    const own = metadata.filter((m) => m.propertyName === info.name);
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

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function escape(name: string): string {
  return name.slice(0, 60).replace(/~/g, '~0').replace(/\//g, '~1');
}
