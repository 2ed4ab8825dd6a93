import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Draft } from '../resource.ts';
import { formatManifest, readManifest } from './manifest.ts';

/** What YAML could take for something else, and what could end a document, a quote or a comment. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', '0', ':', '#', '-', '\n', '\t', ' ', '"', "'", '\\', '{', '&', '*', '!', '%', '|', '>', '.', '~', '\u2028', '\u0085', '\ufeff'), maxLength: 20 }),
  fc.constantFrom('yes', 'null', '~', '1e3', '0x10', '2026-01-31', '---', '...', '<<', '=', '.inf', 'true'),
);
const userData = text.filter((value) => /^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$/.test(value));

test('a manifest that the store writes reads back as the same object', () => {
  fc.assert(fc.property(userData, text, (cloudInit, note) => {
    const [draft] = readManifest('vm.json', 'vm.json', JSON.stringify({
      apiVersion: 'rtvm.dev/v1alpha1',
      kind: 'RealtimeVM',
      metadata: { name: 'a', labels: { 'rtvm.dev/number': '1' }, annotations: { note } },
      spec: { cpu: { vcpus: 1 }, memory: { size: '64Mi' }, image: { name: 'probe' }, cloudInit: { userData: cloudInit } },
    })).documents.map((document) => document.draft) as [Draft<'RealtimeVM'>];
    expect([draft.metadata.annotations?.['note'], draft.spec.cloudInit?.userData]).toStrictEqual([note, cloudInit]);
    const read = readManifest('vm.yaml', 'vm.yaml', formatManifest(draft));
    expect([read.problems, read.documents.map((document) => document.draft)]).toStrictEqual([[], [draft]]);
  }), { numRuns: 1000 });
});

test('an identity and a status in a manifest are not its author\'s to say', () => {
  const { documents, problems } = readManifest('node.yaml', '/manifests/node.yaml', `
apiVersion: rtvm.dev/v1alpha1
kind: RealtimeNode
metadata: {name: host-a, uid: mine, resourceVersion: "99", generation: 99, finalizers: [rtvm.dev/mine], deletionTimestamp: "2026-01-31T12:00:00Z"}
spec: {dedicatedCpus: 2-7}
status: {latency: {maxMicroseconds: 1}}
`);
  expect({ documents, problems }).toStrictEqual({
    documents: [{
      name: { kind: 'RealtimeNode', namespace: undefined, name: 'host-a' },
      line: 2,
      draft: { kind: 'RealtimeNode', metadata: { name: 'host-a' }, spec: { dedicatedCpus: '2-7', vcpusPerSharedCpu: 4, reservedHugepages: [], unschedulable: false, maxPriority: 49, networks: [], deviceClasses: [] } },
    }],
    problems: [],
  });
});
