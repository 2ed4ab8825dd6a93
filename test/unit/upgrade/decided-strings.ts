// Finds where the sources decide on a free string: what compares a `reason`, a `message` or a `subject` with words.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

/** Fields of reports, conditions, events and findings that are text, whoever wrote them. */
const texts: ReadonlySet<string> = new Set(['reason', 'message', 'subject']);
const { EqualsEqualsEqualsToken, ExclamationEqualsEqualsToken } = ts.SyntaxKind;
const equalities: ReadonlySet<ts.SyntaxKind> = new Set([EqualsEqualsEqualsToken, ExclamationEqualsEqualsToken]);
/** Methods of strings, sets, lists and expressions that say yes or no. */
const asking: ReadonlySet<string> = new Set(['has', 'includes', 'startsWith', 'endsWith', 'test', 'exec', 'match']);

/** `room: word`, sorted: each word, or regular expression, that something in a room is decided on. */
export function decidedStrings(sources: string): readonly string[] {
  const all = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const product = all.filter((file) => !file.endsWith('.test.ts') && !/(^|\/)(testing|fixtures)\//.test(file));
  const parsed = product.map((file) => parse(readFileSync(join(sources, file), 'utf8'), join(sources, file)));
  const constants = new Map(parsed.flatMap((file) => constantsIn(file)));
  const roomOf = ({ fileName }: ts.SourceFile) => relative(sources, fileName).split(sep)[0]!;
  const found = parsed.flatMap((file) => decisionsIn(file, constants).map((word) => `${roomOf(file)}: ${word}`));
  return [...new Set(found)].toSorted();
}

/** The words of one source, with the constants that it declares itself. */
export function decidedIn(source: string): readonly string[] {
  const file = parse(source, 'source.ts');
  return decisionsIn(file, new Map(constantsIn(file)));
}

function parse(source: string, name: string): ts.SourceFile {
  return ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
}

/** Names that stand for words, of all files: those that are imported, too. */
function constantsIn(file: ts.SourceFile): readonly (readonly [string, readonly string[]])[] {
  return nodesOf(file).filter(ts.isVariableDeclaration).flatMap(({ name, initializer }) => {
    const words = initializer === undefined ? [] : wordsOf(initializer, new Map());
    return ts.isIdentifier(name) && words.length > 0 ? [[name.text, words] as const] : [];
  });
}

function decisionsIn(file: ts.SourceFile, constants: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return nodesOf(file).flatMap((node): readonly string[] => {
    if (ts.isBinaryExpression(node) && equalities.has(node.operatorToken.kind)) {
      if (isText(node.left)) return wordsOf(node.right, constants);
      return isText(node.right) ? wordsOf(node.left, constants) : [];
    }
    if (ts.isSwitchStatement(node) && isText(node.expression)) {
      const cases = node.caseBlock.clauses.filter(ts.isCaseClause);
      return cases.flatMap(({ expression }) => wordsOf(expression, constants));
    }
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression: asked, name: method } = node.expression;
      const [argument] = node.arguments;
      if (argument === undefined || !asking.has(method.text)) return [];
      if (isText(argument)) return wordsOf(asked, constants);
      return isText(asked) ? wordsOf(argument, constants) : [];
    }
    return [];
  });
}

function isText(node: ts.Expression): boolean {
  const name = ts.isPropertyAccessExpression(node) ? node.name : node;
  return ts.isIdentifier(name) && texts.has(name.text);
}

/** A word, a regular expression, a list or set of words, or what a name stands for. Empty: it is none of these. */
function wordsOf(node: ts.Expression, constants: ReadonlyMap<string, readonly string[]>): readonly string[] {
  if (ts.isStringLiteralLike(node)) return node.text === '' ? [] : [node.text];
  if (ts.isRegularExpressionLiteral(node)) return [node.text];
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap((element) => wordsOf(element, constants));
  if (ts.isNewExpression(node)) return (node.arguments ?? []).flatMap((argument) => wordsOf(argument, constants));
  if (ts.isAsExpression(node) || ts.isParenthesizedExpression(node)) return wordsOf(node.expression, constants);
  return ts.isIdentifier(node) && !texts.has(node.text) ? constants.get(node.text) ?? [] : [];
}

function nodesOf(root: ts.Node): readonly ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return nodes;
}
