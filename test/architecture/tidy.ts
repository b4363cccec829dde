import ts from 'typescript';
import type { Source } from './sources.js';

/** Conventions that imports cannot show, as functions from one file to the faults in it: `path:line what is wrong`. */
export type Check = (source: Source) => string[];

export const linesMax = 400;

/** Calls `visit` for every node of the syntax tree: comments and the insides of strings are not code. */
function walk(
  { path, text }: Source,
  visit: (node: ts.Node, fault: (says: string) => void) => void,
): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const faults: string[] = [];
  const into = (node: ts.Node): void => {
    visit(node, (says) => {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      faults.push(`${path}:${line + 1} ${says}`);
    });
    ts.forEachChild(node, into);
  };
  into(file);
  return faults;
}

const isSpec = (path: string): boolean => path.endsWith('.spec.ts');
const role =
  /\.(service|repository|entity|adapter|controller|module|config|metrics|worker|guard|filter|interceptor|pipe|gateway|command)\.ts$/;
/** Where time, chance and the machine come in: the platform, adapters, and what runs outside the injector. */
const touchesMachine = /^src\/(platform\/|(main|server)\.ts$|.*\.(adapter|worker|command)\.ts$)/;
/** Besides the one reader: adapters of the platform that hand their environment to a child process. */
const readsEnvironment = /^src\/(main\.ts$|platform\/.*\.adapter\.ts$|.*\.command\.ts$)/;

const unseeded: Readonly<Record<string, string>> = {
  'Date.now': 'the clock: inject Clock',
  'Math.random': 'chance: inject Random',
  'performance.now': 'the clock: inject Clock',
  'performance.timeOrigin': 'the clock: inject Clock',
  'process.hrtime': 'the clock: inject Clock',
};
const timers = new Set(['setTimeout', 'setInterval', 'setImmediate']);
const machineNames = new Set(['process', 'fetch', 'console', ...timers]);

/** Time, chance and environment are injected everywhere but at the edge of the machine. */
export const hiddenInputs: Check = (source) => {
  const { path } = source;
  if (!path.startsWith('src/') || isSpec(path)) return [];
  const pure = !role.test(path) && !touchesMachine.test(path) && path !== 'src/app.module.ts';
  return walk(source, (node, fault) => {
    if (ts.isPropertyAccessExpression(node)) {
      const name = `${node.expression.getText()}.${node.name.text}`.replace(/^globalThis\./, '');
      if (name === 'process.env' && !readsEnvironment.test(path))
        fault('reads the environment: use a config class');
      if (touchesMachine.test(path)) return;
      if (Object.hasOwn(unseeded, name)) fault(`reads ${unseeded[name]}`);
      if (/^(randomBytes|randomUUID|randomInt|randomFillSync|getRandomValues)$/.test(node.name.text))
        fault('draws secrets: leave that to an adapter');
    }
    if (touchesMachine.test(path)) return;
    if (
      ts.isImportSpecifier(node) &&
      /^random(Bytes|UUID|Int|Fill|FillSync)$/.test((node.propertyName ?? node.name).text)
    )
      fault('draws secrets: leave that to an adapter');
    if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length)
      fault('reads the clock: inject Clock');
    if (ts.isCallExpression(node) && node.expression.getText() === 'Date')
      fault('reads the clock: inject Clock');
    if (pure && ts.isIdentifier(node) && machineNames.has(node.text) && isFreeName(node))
      fault(`uses ${node.text} in a file without a role suffix`);
  });
};

/** Whether an identifier stands for the global of that name, not for a property, field or parameter called so. */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true;
  return ts.isVariableDeclaration(parent) && parent.initializer === node;
}

export const forwardReferences: Check = (source) =>
  walk(source, (node, fault) => {
    if (ts.isIdentifier(node) && node.text === ['forward', 'Ref'].join(''))
      fault('hides a cycle behind a forward reference');
  });

const money = /(price|quantity|amount|notional|fee|fees|balance|cash|equity|pnl|margin|cost|collateral)$/i;

const statistics = /^src\/trading\/portfolio\/statistics[^/]*\.ts$/;

/** In trading, money never becomes a float: no parsing into one, no field or argument typed as one. */
export const floatMoney: Check = (source) => {
  // Statistics are roots and ratios of equities, so they begin with floats; nothing of them flows back into money.
  if (!source.path.startsWith('src/trading/') || isSpec(source.path) || statistics.test(source.path))
    return [];
  return walk(source, (node, fault) => {
    if (ts.isCallExpression(node)) {
      const called = node.expression.getText();
      if (called === 'parseFloat' || called === 'Number.parseFloat') fault('parses a float: use Decimal');
      const [argument] = node.arguments;
      if (
        called === 'Number' &&
        argument &&
        money.test(
          argument
            .getText()
            .replace(/[^A-Za-z]+$/, '')
            .replace(/(\.toString)$/, ''),
        )
      )
        fault(`makes a float of ${argument.getText()}: use Decimal`);
    }
    if (
      ts.isPrefixUnaryExpression(node) &&
      node.operator === ts.SyntaxKind.PlusToken &&
      money.test(node.operand.getText())
    )
      fault(`makes a float of ${node.operand.getText()}: use Decimal`);
    const declared =
      ts.isPropertySignature(node) ||
      ts.isPropertyDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isVariableDeclaration(node);
    if (declared && node.type && money.test(node.name.getText()) && /\bnumber\b/.test(node.type.getText()))
      fault(`types ${node.name.getText()} as a number: use Decimal, or text at a border`);
  });
};

export const length: Check = ({ path, text }) => {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return lines > linesMax
    ? [`${path}:${lines} is longer than ${linesMax} lines: find its second concept`]
    : [];
};

const testWords = new Set(['it', 'test', 'describe', 'suite', 'bench', 'context', 'ctx']);

/** A test that does not run proves nothing, and one that runs alone silences the others. */
export const silencedTests: Check = (source) =>
  walk(source, (node, fault) => {
    if (ts.isPropertyAccessExpression(node) && ['only', 'skip', 'todo', 'fails'].includes(node.name.text)) {
      let root: ts.Expression = node.expression;
      while (ts.isPropertyAccessExpression(root) || ts.isCallExpression(root)) root = root.expression;
      if (ts.isIdentifier(root) && testWords.has(root.text)) fault(`has ${root.text}.${node.name.text}`);
    }
    // Outside of tests `fit` is what a model does.
    const inTest = isSpec(source.path) || source.path.startsWith('test/');
    if (inTest && ts.isCallExpression(node) && /^(x|f)(it|describe|test)$/.test(node.expression.getText()))
      fault(`has ${node.expression.getText()}`);
  });

/** Alternatives of a pattern, written with a hyphen here so that these files do not match themselves. */
const words = (...split: string[]): string => split.map((word) => word.replace('-', '')).join('|');

const openEnd = new RegExp(`\\b(${words('TO-DO', 'FIX-ME', 'XX-X', 'HA-CK')})\\b`);

export const openEnds: Check = ({ path, text }) =>
  text
    .split('\n')
    .flatMap((line, n) => (openEnd.test(line) ? [`${path}:${n + 1} leaves work open: ${line.trim()}`] : []));

/** Folders of one machine have no meaning on another. */
const machinePath = new RegExp(`(^|[\\s'"\`(=])/(${words('wo-rk', 'ro-ot')})/`);

export const machinePaths: Check = ({ path, text }) =>
  text
    .split('\n')
    .flatMap((line, n) => (machinePath.test(line) ? [`${path}:${n + 1} names a folder of one machine`] : []));

export const barrels: Check = (source) => {
  if (!/^(src|migrations)\//.test(source.path)) return [];
  const named = /(^|\/)index\.[cm]?ts$/.test(source.path) ? [`${source.path}:1 is a barrel by name`] : [];
  return [
    ...named,
    ...walk(source, (node, fault) => {
      if (ts.isExportDeclaration(node) && node.moduleSpecifier && !node.exportClause)
        fault('passes on everything another file exports');
    }),
  ];
};

/** `{ms}-{module}-{sentence}.ts` holding the class `{Sentence}{ms}` with `up` and `down`. */
export const migrationNames: Check = ({ path, text }) => {
  const match =
    /^migrations\/(\d{13})-(platform|data|ml|trading|gateway|monitoring)-([a-z0-9]+(?:-[a-z0-9]+)*)\.ts$/.exec(
      path,
    );
  if (!match) return [`${path}:1 is not named {ms}-{module}-{sentence}.ts`];
  const [, ms, , sentence] = match;
  const pascal = sentence
    .split('-')
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('');
  const names = [...text.matchAll(/export class (\w+)/g)].map((found) => found[1]);
  const faults =
    names.length === 1 && names[0].endsWith(`${pascal}${ms}`)
      ? []
      : [`${path}:1 must export one class ${pascal}${ms}`];
  for (const method of ['up', 'down'])
    if (!new RegExp(`\\basync ${method}\\(`).test(text)) faults.push(`${path}:1 has no ${method}`);
  return faults;
};
