// docs/rules.md as its test reads it: rules with their links, and what texts cite of them.

export interface DocumentedRule {
  /** `2.3`, or `I1` of an invariant. */
  readonly name: string;
  /** Paths relative to the page. */
  readonly enforcedIn: readonly string[];
  readonly testedBy: readonly string[];
  /** Whether it says, if only that nothing does, what checks it again. */
  readonly saysAsserted: boolean;
}

const ruleStart = /^(?=\*\*(?:\d+\.\d+|I\d+)\*\* )/m;
const parts = ['enforced in', 'asserted in', 'tested by'] as const;

/** A rule goes from its number in bold to the next one, or to the end of its paragraph. */
export function documentedRules(page: string): readonly DocumentedRule[] {
  return page.split(ruleStart).flatMap((text): DocumentedRule[] => {
    const name = /^\*\*(\d+\.\d+|I\d+)\*\* /.exec(text)?.[1];
    if (name === undefined) return [];
    const paragraph = text.split('\n\n')[0]!.replaceAll(/\s+/g, ' ');
    return [{
      name,
      enforcedIn: linksIn(partOf(paragraph, 'enforced in')),
      testedBy: linksIn(partOf(paragraph, 'tested by')),
      saysAsserted: partOf(paragraph, 'asserted in').trim() !== '',
    }];
  });
}

/** What follows `*part*`, up to the next part. */
function partOf(paragraph: string, part: typeof parts[number]): string {
  const [, after = ''] = paragraph.split(`*${part}*`);
  return after.split(new RegExp(`\\*(?:${parts.join('|')})\\*`))[0] ?? '';
}

function linksIn(text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

const isTest = /\.test\.ts$/;

/** One sentence for each fault of a list of rules. @param isFile says of a link whether it leads to a file. */
export function faultsOf(rules: readonly DocumentedRule[], isFile: (link: string) => boolean): readonly string[] {
  const names = rules.map(({ name }) => name);
  const gone = (link: string) => !isFile(link);
  return rules.flatMap(({ name, enforcedIn, testedBy, saysAsserted }, index) => [
    ...names.indexOf(name) < index ? [`${name} is there twice`] : [],
    ...enforcedIn.length === 0 ? [`${name} does not name what enforces it`] : [],
    ...saysAsserted ? [] : [`${name} does not say what asserts it`],
    ...testedBy.some((link) => isTest.test(link)) ? [] : [`${name} names no test`],
    ...testedBy.filter((link) => !isTest.test(link)).map((link) => `${name} names ${link} as a test`),
    ...[...enforcedIn, ...testedBy].filter(gone).map((link) => `${name} names ${link}, which is not there`),
  ]);
}

const number = /(?:§\s*)?\d+(?:\.\d+)*/.source;
/** Within a sentence, and across the line breaks of a comment. */
const gap = /[\s*/#]+/.source;
const joint = `(?:,${gap}(?:and${gap})?|${gap}(?:and|to|or)${gap})`;
/** `rule 2.3`, `rules 1.1 to 3.6`, `rules 3.3, 3.4 and 4.7`, with or without a section sign. */
const ruleCitation = new RegExp(`\\brules?${gap}(${number}(?:${joint}${number})*)`, 'gi');
const invariantCitation = /\bI\d+\b/g;

/** The rules and invariants that a text cites: `2.3`, `I1`; one with a section sign keeps it, which no rule has. */
export function citationsIn(text: string): readonly string[] {
  const lists = [...text.matchAll(ruleCitation)].map(([, numbers]) => numbers!);
  const rules = lists.flatMap((numbers) => numbers.match(new RegExp(number, 'g')) ?? []);
  return [...rules, ...text.match(invariantCitation) ?? []];
}
