import ts from 'typescript';
import type { Source } from './sources.js';

/** A name the code declares, and where. `kind` is what the declaration says of it, as text. */
export interface Declared {
  readonly name: string;
  readonly where: string;
  readonly kind: string;
}

function eachCall(
  source: Source,
  called: RegExp,
  found: (call: ts.CallExpression, file: ts.SourceFile) => void,
): void {
  const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.ES2023, true);
  const into = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && called.test(node.expression.getText(file))) found(node, file);
    ts.forEachChild(node, into);
  };
  into(file);
}

/** Codes of every `defineProblems({ … })`. Throws when the catalogue is not written where it is declared. */
export function declaredCodes(sources: readonly Source[]): Declared[] {
  return sources.flatMap((source) => {
    const codes: Declared[] = [];
    eachCall(source, /^defineProblems$/, (call) => {
      const [catalogue] = call.arguments;
      if (!catalogue || !ts.isObjectLiteralExpression(catalogue))
        throw new Error(
          `${source.path}: write the codes inside defineProblems({ … }), so that they can be checked`,
        );
      for (const property of catalogue.properties) {
        if (!ts.isPropertyAssignment(property))
          throw new Error(`${source.path}: ${property.getText()} is no code`);
        const kind = property.initializer.getText().replace(/\s+/g, ' ');
        codes.push({ name: property.name.getText(), where: source.path, kind });
      }
    });
    return codes;
  });
}

/** Variables of every `env.<kind>('NAME', { … })` in the config classes. Throws when a name is not written out. */
export function declaredVariables(sources: readonly Source[]): Declared[] {
  return sources.flatMap((source) => {
    const variables: Declared[] = [];
    eachCall(source, /^env\.\w+$/, (call) => {
      const [name] = call.arguments;
      if (!name || !ts.isStringLiteralLike(name))
        throw new Error(`${source.path}: write the variable's name out in ${call.getText().slice(0, 80)}`);
      variables.push({ name: name.text, where: source.path, kind: call.expression.getText() });
    });
    return variables;
  });
}

/** Codes that have a heading or a table row of their own in docs/errors.md. */
export function documentedCodes(markdown: string): string[] {
  return [...markdown.matchAll(/^(?:#+\s+|\|\s*)`?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`?/gm)].map(
    (found) => found[1],
  );
}

/** Variables set or offered (`# NAME=`) in an .env file. */
export function variablesOfEnvFile(text: string): string[] {
  return [...text.matchAll(/^#?[ \t]*([A-Z][A-Z0-9_]*)=/gm)].map((found) => found[1]);
}

/** Variables in the first column of a Markdown table. */
export function variablesOfTable(markdown: string): string[] {
  return [...markdown.matchAll(/^\|\s*`([A-Z][A-Z0-9_]*)`\s*\|/gm)].map((found) => found[1]);
}

/** Both ways: what is declared but not written in `document`, what stands there and is declared nowhere, what stands twice. */
export function differences(
  declared: readonly Declared[],
  documented: readonly string[],
  document: string,
): string[] {
  const names = new Set(declared.map((one) => one.name));
  const missing = declared.filter((one) => !documented.includes(one.name));
  return [
    ...missing.map((one) => `${document} lacks ${one.name} (${one.where}: ${one.kind})`),
    ...documented
      .filter((name) => !names.has(name))
      .map((name) => `${document} explains ${name}, which nothing declares`),
    ...documented
      .filter((name, n) => documented.indexOf(name) !== n)
      .map((name) => `${document} explains ${name} twice`),
  ];
}
