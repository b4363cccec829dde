import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { portsOf } from '../../../src/app.module.js';
import { problemKinds } from '../../../src/kernel/errors.js';
import type { House } from './house.js';

type PartName = keyof typeof portsOf;

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const codeForm = /\b(?:DATA|ML|TRADING|REQUEST|IDEMPOTENCY)_[A-Z_]+\b/g;

/** Codes that no well-meant call of one client meets; the desk's own specs do. */
const metElsewhere = new Set([
  'TRADING_OVERLOADED',
  'TRADING_UNAVAILABLE',
  'TRADING_ACCOUNT_IN_REPLAY',
  'TRADING_ORDER_TYPE_UNSUPPORTED',
  'TRADING_NUMBER_INVALID',
]);

/** Words in those comments that look like codes and are variables of the environment. */
const variables = new Set(['DATA_DIR']);

/** What the contract file of a port says, read as text: an abstract method leaves no trace at run time. */
interface Written {
  readonly methods: string[];
  /** Codes that its comments promise. */
  readonly codes: string[];
}

/**
 * Holds the suites of a part to its ports: each port has one that calls every method and meets every code its
 * contract promises, and the service that ships has exactly the methods of the contract.
 */
export function everyPortOf(part: PartName, house: () => House): void {
  const contracts = contractsOf(part);
  const suites = sourcesIn(`test/contract/${part}/`);
  const run = readFileSync(`${repository}test/contract/${part}.spec.ts`, 'utf8');

  describe(`every port of ${part}`, () => {
    it('is one the part offers, and none is left out', () => {
      expect([...contracts.keys()].toSorted()).toEqual(portsOf[part].map(({ name }) => name).toSorted());
    });

    it.each(portsOf[part].map((port) => [port.port.name, port] as const))(
      '%s is held to its contract in full',
      (name, port) => {
        const { methods, codes } = contracts.get(port.name)!;
        expect(Object.keys(port.port.methods).toSorted()).toEqual(methods);
        const own = suites.filter(({ text }) => new RegExp(`describePort\\(\\s*'${name}[ ']`).test(text));
        expect(own.length, `no suite of ${name} in test/contract/${part}`).toBeGreaterThan(0);
        for (const { file } of own) expect(run).toContain(`'./${part}/${file.replace('.ts', '.js')}'`);
        const text = own.map((suite) => suite.text).join('\n');
        const called = (method: string): boolean =>
          text.includes(`port.${method}(`) || (text.includes('port[') && text.includes(`'${method}'`));
        expect(methods.filter((method) => !called(method))).toEqual([]);
        expect(codes.filter((code) => !text.includes(code) && !metElsewhere.has(code))).toEqual([]);
      },
    );

    it.each(portsOf[part].map((port) => [port.port.name, port] as const))(
      '%s is served by a service with its methods',
      (_name, port) => {
        const service = house().get(port as never) as Record<string, unknown>;
        expect(service).toBeInstanceOf(port);
        for (const method of contracts.get(port.name)!.methods) {
          expect(typeof service[method], method).toBe('function');
        }
      },
    );

    it('throws no code that no suite has met', () => {
      const all = suites.map(({ text }) => text).join('\n');
      const own = [...problemKinds().keys()].filter((code) => code.startsWith(`${part.toUpperCase()}_`));
      expect(own.length).toBeGreaterThan(3);
      expect(own.filter((code) => !all.includes(code) && !metElsewhere.has(code))).toEqual([]);
    });

    it('belongs to a part that has a spec like this one', () => {
      for (const name of Object.keys(portsOf)) {
        const spec = readFileSync(`${repository}test/contract/${name}.spec.ts`, 'utf8');
        expect(spec).toContain(`everyPortOf('${name}', house)`);
      }
    });
  });
}

function sourcesIn(folder: string): { file: string; text: string }[] {
  return readdirSync(repository + folder).map((file) => ({
    file,
    text: readFileSync(repository + folder + file, 'utf8'),
  }));
}

/** By name: every abstract class with a static `port` in the contract files of a part. */
function contractsOf(part: string): Map<string, Written> {
  const found = new Map<string, Written>();
  for (const { file, text } of sourcesIn(`src/${part}/contract/`)) {
    ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true).forEachChild((node) => {
      if (!ts.isClassDeclaration(node)) return;
      const isPort = node.members.some((member) => member.name?.getText() === 'port');
      if (!isPort) return;
      const methods = node.members.filter(ts.isMethodDeclaration).map((method) => method.name.getText());
      const codes = new Set(
        node
          .getFullText()
          .match(codeForm)
          ?.filter((word) => !variables.has(word)),
      );
      found.set(node.name!.text, { methods: methods.toSorted(), codes: [...codes] });
    });
  }
  return found;
}
