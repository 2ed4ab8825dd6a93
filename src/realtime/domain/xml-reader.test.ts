import { describe, expect, it } from 'vitest';
import { readXml, XmlReadError } from './xml-reader.ts';

describe('readXml', () => {
  it('takes everything as text', () => {
    expect(readXml(`<?xml version='1.0'?>\n<a x=' 1&#10;&quot;' constructor='c' __proto__='p'><!-- <no/> --> 007 <![CDATA[&lt;]]>&amp;lt;&#x1F686;<b:c/></a>`)).toEqual({
      name: 'a',
      attributes: new Map([['x', ' 1\n"'], ['constructor', 'c'], ['__proto__', 'p']]),
      children: [{ name: 'b:c', attributes: new Map(), children: [], text: '' }],
      text: ' 007 &lt;&lt;🚆',
    });
  });

  it('leaves references alone that mean nothing', () => {
    expect(readXml('<a>&nope;&#x110000;&#99999999999;&;</a>').text).toBe('&nope;&#x110000;&#99999999999;&;');
  });

  it.each([
    ['nothing', '', 'it has no element'],
    ['words', 'error: no such domain', 'it has no element'],
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'it has a document type'],
    ['a name that is a trap', '<__proto__/>', '__proto__'],
  ])('refuses %s', (_, xml, why) => {
    expect(() => readXml(xml)).toThrow(XmlReadError);
    expect(() => readXml(xml)).toThrow(why);
  });
});
