import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { element, formatXml, XmlCharacterError } from './element.ts';
import type { XmlElement } from './element.ts';
import { readXml } from './xml-reader.ts';
import type { XmlNode } from './xml-reader.ts';

describe('formatXml', () => {
  it('indents elements and keeps text as it is', () => {
    const tree = element('a', { one: 1, none: undefined }, [
      element('empty'),
      element('text', {}, 'x'),
      undefined,
      element('number', { of: 'things' }, 0),
      element('blank', {}, ''),
      element('deep', {}, [element('deeper')]),
    ]);
    expect(formatXml(tree)).toBe([
      "<a one='1'>",
      '  <empty/>',
      '  <text>x</text>',
      "  <number of='things'>0</number>",
      '  <blank/>',
      '  <deep>',
      '    <deeper/>',
      '  </deep>',
      '</a>',
      '',
    ].join('\n'));
  });

  it.each([
    ['markup', `<&>'"`, '&lt;&amp;&gt;&apos;&quot;'],
    ['what looks escaped', '&lt;', '&amp;lt;'],
    ['line breaks and tabs', '\t\n\r', '&#9;&#10;&#13;'],
    ['the end of CDATA', ']]>', ']]&gt;'],
    ['any other script', 'é 漢 🚆', 'é 漢 🚆'],
  ])('escapes %s in text and attributes', (_, text, escaped) => {
    expect(formatXml(element('a', { b: text }, text))).toBe(`<a b='${escaped}'>${escaped}</a>\n`);
  });

  it.each([
    ['NUL', 'a\0', 'U+0000', 1],
    ['escape', '\x1b[', 'U+001B', 0],
    ['an unpaired high surrogate', 'ab\ud83dc', 'U+D83D', 2],
    ['an unpaired low surrogate', '\udc00', 'U+DC00', 0],
    ['a noncharacter', '\uffff', 'U+FFFF', 0],
  ])('refuses %s, naming where', (_, text, character, position) => {
    const inText = () => formatXml(element('a', {}, [element('b', {}, text)]));
    const inAttribute = () => formatXml(element('a', {}, [element('b', { c: text })]));
    expect(inText).toThrow(XmlCharacterError);
    expect(inText).toThrow(`a/b: the character ${character} at position ${position} cannot be written in XML`);
    expect(inAttribute).toThrow(`a/b@c: the character ${character} at position ${position} cannot be written in XML`);
  });
});

describe('formatXml and readXml', () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u.test(value));
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,5}$/);
  const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
    tree: fc.record({
      name,
      attributes: fc.dictionary(name, text, { maxKeys: 3 }),
      content: fc.oneof({ maxDepth: 3 }, text, fc.array(tie('tree'), { maxLength: 3 })),
    }),
  }));

  const asRead = ({ name: tag, attributes, content }: XmlElement): XmlNode => ({
    name: tag,
    attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, String(value)])),
    children: typeof content === 'string' ? [] : content.map(asRead),
    text: typeof content === 'string' ? content : '',
  });
  const withoutIndentation = (node: XmlNode): XmlNode => ({
    ...node, children: node.children.map(withoutIndentation), text: node.children.length === 0 ? node.text : '',
  });

  it('give the same tree back', () => {
    fc.assert(fc.property(tree, (root) => {
      expect(withoutIndentation(readXml(formatXml(root)))).toEqual(asRead(root));
    }));
  });
});
