// docs/rules.md and those who cite it: every rule names its tests, every citation names a rule, and nothing names what
// is outside the repository.
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, root } from './pages.ts';
import { citationsIn, documentedRules, faultsOf } from './rule-citations.ts';

const page = pages.find(({ path }) => path === 'docs/rules.md')!;
const rules = documentedRules(page.text);
const names: ReadonlySet<string> = new Set(rules.map(({ name }) => name));

/** What is not text, what another program has recorded, and this test, which is full of bad examples. */
const unread = /\.(?:png|svg|rom|jsonl|txt|xml)$|^test\/unit\/docs\/rules\.test\.ts$/;
const folders = '{src,test,docs,scripts,guest,bench,deploy,demo,examples}/**';
const paths = globSync([folders, '*.md', 'Makefile', 'Dockerfile'], { cwd: root })
  .filter((path) => !unread.test(path) && statSync(join(root, path)).isFile());
const files = paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
/** Tests name paths that lead anywhere, on purpose. */
const product = files.filter(({ path }) => !path.startsWith('test/') && !path.endsWith('.test.ts'));

/** Relative paths that leave the repository, but for attacks on /etc that a page tells of. */
function waysOut(path: string, text: string): readonly string[] {
  const relative = [...text.matchAll(/(?<![\w./])(?:\.\.\/)+[\w./-]*/g)].map(([way]) => way);
  return relative.filter((way) => normalize(join(dirname(path), way)).startsWith('..') && !/^[./]*etc\//.test(way));
}

/** Pages that a text names; those of other sites begin with more of an address. */
function namedPages(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\w./:-])[\w./-]+\.md\b/g)].map(([name]) => name);
}

describe('docs/rules.md', () => {
  it('says of each rule what enforces, asserts and tests it', () => {
    expect(faultsOf(rules, (link) => existsSync(join(root, 'docs', link)))).toEqual([]);
  });

  it('has its sections numbered without a gap, and the eight invariants', () => {
    const all = rules.map(({ name }) => name);
    const numbered = all.filter((name) => !name.startsWith('I'));
    const gaps = numbered.slice(1).filter((name, before) => {
      const [section = 0, number = 0] = numbered[before]!.split('.').map(Number);
      return ![`${section}.${number + 1}`, `${section + 1}.1`].includes(name);
    });
    expect(gaps).toEqual([]);
    expect(all.at(0)).toBe('1.1');
    expect(all.slice(numbered.length)).toEqual(['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8']);
  });
});

describe('citations', () => {
  it('name rules that there are', () => {
    const cited = files.flatMap(({ path, text }) => citationsIn(text).map((name) => ({ path, name })));
    expect(cited.filter(({ name }) => !names.has(name))).toEqual([]);
  });

  it('are in the code, where the rules are kept', () => {
    const cited = files.filter(({ path }) => path.startsWith('src/')).flatMap(({ text }) => citationsIn(text));
    expect(cited.length).toBeGreaterThan(40);
  });
});

describe('outside of the repository is nothing that is named', () => {
  it('by a relative path', () => {
    expect(product.flatMap(({ path, text }) => waysOut(path, text).map((way) => `${path}: ${way}`))).toEqual([]);
  });

  it('as a page', () => {
    const known = new Set(paths.map((path) => basename(path)));
    const named = product.flatMap(({ path, text }) => namedPages(text).map((name) => ({ path, name })));
    expect(named.filter(({ name }) => !known.has(basename(name)))).toEqual([]);
    expect(named.length).toBeGreaterThan(40);
  });
});

describe('the test itself finds', () => {
  const links = '*enforced in* [a](../src/a.ts) · *asserted in* nothing else · *tested by* [b](../src/b.test.ts)';
  const good = `**1.1** Text.\\\n${links}\n\n| a | [c](c.test.ts) |\n`;

  const without = (part: string) => good.replace(part, '');

  it.each([
    ['nothing in a good rule', good, []],
    ['nothing in one whose lines are broken anywhere', good.replaceAll(/(?<=\*\w+) /g, '\n'), []],
    ['a rule that names no test', without('[b](../src/b.test.ts)'), ['1.1 names no test']],
    ['one with a test only in its table', without(' · *tested by* [b](../src/b.test.ts)'), ['1.1 names no test']],
    ['a helper among the tests', good.replace('[b]', '[d](../src/d.ts), [b]'), ['1.1 names ../src/d.ts as a test']],
    ['a rule that nothing enforces', without('[a](../src/a.ts)'), ['1.1 does not name what enforces it']],
    ['one that says not what asserts it', without('*asserted in* nothing else'), ['1.1 does not say what asserts it']],
    ['a number that comes twice', `${good}\n${good}`, ['1.1 is there twice']],
    ['a file that is not there', good.replace('a.ts', 'gone.ts'), ['1.1 names ../src/gone.ts, which is not there']],
    ['an invariant without a test', without('[b](../src/b.test.ts)').replace('1.1', 'I1'), ['I1 names no test']],
  ])('%s', (_, text, faults) => {
    expect(faultsOf(documentedRules(text), (link) => !link.includes('gone'))).toEqual(faults);
  });

  it.each([
    ['Rule 2.3.', ['2.3']],
    ['Nothing is freed (rules 3.3, 3.4 and 4.7).', ['3.3', '3.4', '4.7']],
    ['Rules 1.1 to 3.6', ['1.1', '3.6']],
    [' * that is told. Rules\n * 5.10 and\n * 5.11.', ['5.10', '5.11']],
    ['// rules §6.1 and §6.7, checked', ['§6.1', '§6.7']],
    ['Realtime rules §4.', ['§4']],
    ['rule 7', ['7']],
    ['I1, I8 and I9', ['I1', 'I8', 'I9']],
    ['CPU 4.1 rules, the rules of 3 nodes, RuleI1, AI1', []],
  ])('what %j cites', (text, names_) => {
    expect(citationsIn(text)).toEqual(names_);
  });

  it.each([
    ['src/a/b.ts', "from '../../test/c.ts', '../../../shared/x.md'", ['../../../shared/x.md']],
    ['README.md', 'see [rules](../shared/rules.md), .../x and a../b', ['../shared/rules.md']],
    ['docs/a.md', '[b](../src/b.ts), and `../../etc/shadow` as an image', []],
  ])('the ways out of %s', (path, text, ways) => {
    expect(waysOut(path, text)).toEqual(ways);
  });

  it('pages that a text names', () => {
    const text = 'as design.md says, [b](../docs/b.md#c), https://example.org/c.md, `d.mdx`';
    expect(namedPages(text)).toEqual(['design.md', '../docs/b.md']);
  });
});
