import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vmUid } from '../ids.ts';
import { element, formatXml } from './element.ts';
import { plainShared } from './fixtures/inputs.ts';
import { metadata } from './metadata.ts';
import { parseDomainMetadata } from './parse-metadata.ts';

describe('parseDomainMetadata', () => {
  const text = fc.string({ unit: fc.oneof(fc.constantFrom('<', '&', '"', "'", ']]>', '\n', '\r', '\t', '\u{1f686}', '&lt;'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })) });

  it('gives back what was written', () => {
    fc.assert(fc.property(text, text, text, fc.nat(), text, (namespace, name, uid, generation, payload) => {
      const xml = formatXml(element('domain', {}, [metadata({ ...plainShared, vm: { namespace, name, uid: vmUid(uid) }, generation, payload })]));
      expect(parseDomainMetadata(xml)).toEqual({ namespace, name, uid, generation, payload });
    }));
  });

  const ours = "namespace='n' name='m' uid='u' generation='3'";
  const found = { namespace: 'n', name: 'm', uid: 'u', generation: 3, payload: '{}' };
  it.each([
    ['under another prefix', `<domain><metadata><x:domain xmlns:x='https://rtvm.dev/domain/v1' ${ours}><x:payload>{}</x:payload></x:domain></metadata></domain>`, found],
    ['declared further out', `<domain><metadata xmlns:x='https://rtvm.dev/domain/v1'><x:domain ${ours}><x:payload>{}</x:payload></x:domain></metadata></domain>`, found],
    ['without a prefix', `<domain><metadata><domain xmlns='https://rtvm.dev/domain/v1' ${ours}><payload>{}</payload></domain></metadata></domain>`, found],
    ['beside others', `<domain><metadata><a:b xmlns:a='urn:a'/><x:domain xmlns:x='https://rtvm.dev/domain/v1' ${ours}><x:payload>{}</x:payload></x:domain></metadata></domain>`, found],
    ['of another namespace', `<domain><metadata><rtvm:domain xmlns:rtvm='https://rtvm.dev/domain/v2' ${ours}><rtvm:payload/></rtvm:domain></metadata></domain>`, undefined],
    ['without a declaration', `<domain><metadata><rtvm:domain ${ours}><rtvm:payload/></rtvm:domain></metadata></domain>`, undefined],
    ['without a payload', `<domain><metadata><x:domain xmlns:x='https://rtvm.dev/domain/v1' ${ours}/></metadata></domain>`, undefined],
    ['without a uid', "<domain><metadata><x:domain xmlns:x='https://rtvm.dev/domain/v1' namespace='n' name='m' generation='3'><x:payload/></x:domain></metadata></domain>", undefined],
    ['with a generation that is no number', "<domain><metadata><x:domain xmlns:x='https://rtvm.dev/domain/v1' namespace='n' name='m' uid='u' generation='3e9'><x:payload/></x:domain></metadata></domain>", undefined],
    ['outside of metadata', `<domain><x:domain xmlns:x='https://rtvm.dev/domain/v1' ${ours}><x:payload/></x:domain></domain>`, undefined],
    ['of a foreign domain', '<domain><name>other</name></domain>', undefined],
    ['of what is no XML', 'error: no domain', undefined],
  ])('reads metadata %s', (_, xml, expected) => {
    expect(parseDomainMetadata(xml)).toEqual(expected);
  });
});
