/**
 * Makes one source of many: every place that could be written wrong carries its wrong versions, asleep, and
 * `globalThis.mutant` says which one is awake. So a file is compiled once, however many ways there are to break it.
 */
import ts from 'typescript';

const swaps = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '&&': '||',
  '||': '&&',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
};
/** Methods of our decimals and of lists that are easily taken one for the other. */
const methodSwaps = {
  plus: ['minus'],
  minus: ['plus'],
  times: ['plus'],
  div: ['times'],
  gt: ['gte', 'lte'],
  gte: ['gt', 'lt'],
  lt: ['lte', 'gte'],
  lte: ['lt', 'gt'],
  eq: ['gt'],
  min: ['max'],
  max: ['min'],
  some: ['every'],
  every: ['some'],
  isPositive: ['isNegative'],
  isNegative: ['isPositive'],
  has: ['delete'],
};
/** Methods whose loss leaves a value of the same kind. */
const droppable = new Set([
  'negated',
  'abs',
  'toStep',
  'toScale',
  'toSorted',
  'filter',
  'slice',
  'min',
  'max',
]);
const roundings = { down: 'up', up: 'down', floor: 'ceil', ceil: 'floor', 'half-even': 'down' };

/** Answers the instrumented text and what each mutant is; ids count on from `firstId`. */
export function instrument(path, text, firstId) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const mutants = [];
  const raw = (node) => node.getText(file);

  const add = (node, mutated) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    mutants.push({ id: firstId + mutants.length, path, line: line + 1, from: raw(node), to: mutated });
    return mutants.at(-1).id;
  };

  /** Wrong versions of one expression, as text. */
  const wrongs = (node) => {
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.getText(file);
      const [left, right] = [raw(node.left), raw(node.right)];
      if (operator === '??') return [left, right];
      const found = swaps[operator] === undefined ? [] : [`${left} ${swaps[operator]} ${right}`];
      if (operator === '<' || operator === '>')
        found.push(`${left} ${operator === '<' ? '>=' : '<='} ${right}`);
      return found;
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      return [raw(node.operand)];
    if (node.kind === ts.SyntaxKind.TrueKeyword) return ['false'];
    if (node.kind === ts.SyntaxKind.FalseKeyword) return ['true'];
    if (ts.isNumericLiteral(node)) return [`(${node.text} + 1)`];
    // Sentences are for people; no spec should hold them down to the word.
    if (ts.isStringLiteral(node) && node.text.includes(' ')) return [];
    if (ts.isStringLiteral(node))
      return [JSON.stringify(roundings[node.text] ?? (node.text === '' ? 'x' : ''))];
    if (ts.isConditionalExpression(node)) return [raw(node.whenTrue), raw(node.whenFalse)];
    if (ts.isArrayLiteralExpression(node) && node.elements.length > 0) return ['[]'];
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression: of, name } = node.expression;
      const args = node.arguments.map(raw).join(', ');
      const found = (Object.hasOwn(methodSwaps, name.text) ? methodSwaps[name.text] : []).map(
        (other) => `${raw(of)}.${other}(${args})`,
      );
      if (droppable.has(name.text)) found.push(raw(of));
      return found;
    }
    return [];
  };

  const isCondition = ({ parent }, node) =>
    (ts.isIfStatement(parent) && parent.expression === node) ||
    (ts.isConditionalExpression(parent) && parent.condition === node);

  /** Never touched: types, names, what is imported, and what a loop needs to end. */
  const isLeftAlone = (node) => {
    const { parent } = node;
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return true;
    if (
      ts.isImportDeclaration(node) ||
      ts.isExportDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node)
    )
      return true;
    if (parent && ts.isForStatement(parent) && (parent.condition === node || parent.incrementor === node))
      return true;
    if (parent && (ts.isWhileStatement(parent) || ts.isDoStatement(parent)) && parent.expression === node)
      return true;
    return parent !== undefined && 'name' in parent && parent.name === node;
  };

  const isExpression = (node) =>
    ts.isExpression(node) && !ts.isIdentifier(node) && node.kind !== ts.SyntaxKind.SuperKeyword;

  const render = (node) => {
    if (isLeftAlone(node)) return raw(node);
    let text = renderChildren(node);
    if (
      ts.isExpressionStatement(node) &&
      !ts.isAwaitExpression(node.expression) &&
      ts.isCallExpression(node.expression)
    ) {
      const id = add(node, '(nothing)');
      // In braces: an `else` that follows must not become its own.
      return `{ if (globalThis.mutant !== ${id}) { ${text} } }`;
    }
    if (!isExpression(node)) return text;
    const found = wrongs(node);
    if (isCondition(node, node)) {
      // A side that is kept tells where a rule reaches, so both are asked for.
      for (const constant of ['true', 'false']) if (!found.includes(constant)) found.push(constant);
    }
    for (const wrong of found) {
      if (ts.isBlock(node.parent ?? node)) continue;
      const id = add(node, wrong);
      text = `(globalThis.mutant === ${id} ? (${wrong}) : (${text}))`;
    }
    return text;
  };

  const renderChildren = (node) => {
    const children = [];
    ts.forEachChild(node, (child) => void children.push(child));
    let at = node.getStart(file);
    let out = '';
    for (const child of children) {
      const start = child.getStart(file);
      out += text.slice(at, start) + render(child);
      at = child.getEnd();
    }
    return out + text.slice(at, node.getEnd());
  };

  const out = file.statements.map((statement) => render(statement)).join('\n');
  return { text: out, mutants };
}
