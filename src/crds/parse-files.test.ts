import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFiles } from './parse-files.ts';
import { refOf } from './resource.ts';

const vm = (name: string, more = '') => `apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeVM\nmetadata: {name: ${name}}\nspec:\n  cpu: {vcpus: 1}\n  memory: {size: 1Gi}\n${more}`;

/** Names and lines of what a text holds. */
function read(text: string) {
  const { documents, problems } = parseFiles([{ file: 'f', text }]);
  expect(problems).toEqual([]);
  return documents.map(({ line, resource }) => ({ line, ...refOf(resource) }));
}

const found = (line: number, name: string, namespace = 'default') => ({ line, kind: 'RealtimeVM', namespace, name });

describe('what a text holds', () => {
  test.each([
    ['nothing', '', []],
    ['only comments and empty documents', '# nothing\n---\n---\n# still nothing\n', []],
    ['one document', vm('a'), [found(1, 'a')]],
    ['several, with empty ones between', `---\n${vm('a')}---\n---\n# b\n${vm('b')}`, [found(2, 'a'), found(11, 'b')]],
    ['Windows line ends', vm('a').replaceAll('\n', '\r\n'), [found(1, 'a')]],
    ['a byte order mark', `\uFEFF${vm('a')}`, [found(1, 'a')]],
    ['JSON', '{"apiVersion": "rtvm.dev/v1alpha1", "kind": "RealtimeVM",\n"metadata": {"name": "a", "namespace": "b"}, "spec": {"className": "c"}}', [found(1, 'a', 'b')]],
    ['a List', `apiVersion: v1\nkind: List\nitems:\n- ${vm('a').trimEnd().replaceAll('\n', '\n  ')}\n- ${vm('b').trimEnd().replaceAll('\n', '\n  ')}\n`, [found(4, 'a'), found(10, 'b')]],
    ['a list of one kind', `apiVersion: rtvm.dev/v1alpha1\nkind: RealtimeVMList\nmetadata: {resourceVersion: "1"}\nitems:\n- ${vm('a').trimEnd().replaceAll('\n', '\n  ')}\n`, [found(5, 'a')]],
    ['an empty List', 'kind: List\nitems: []', []],
  ])('%s', (_, text, expected) => expect(read(text)).toEqual(expected));
});

test('a VM has its defaults filled in, and its dates and yeses stay text', () => {
  const { documents } = parseFiles([{ file: 'f', text: vm('a', '  restartedAt: 2026-01-31T12:00:00Z\n  nodeSelector: {x: yes}\n  firmware: {}\n  disks: [{name: d, emptySize: 1Gi}]') }]);
  expect(documents.map(({ resource }) => resource)).toEqual([{
    apiVersion: 'rtvm.dev/v1alpha1',
    kind: 'RealtimeVM',
    metadata: { name: 'a', namespace: 'default' },
    spec: {
      cpu: { vcpus: 1 },
      memory: { size: '1Gi' },
      disks: [{ name: 'd', emptySize: '1Gi', persistence: 'Ephemeral' }],
      networks: [],
      hostDevices: [],
      ioThreads: 0,
      firmware: { type: 'BIOS' },
      runStrategy: 'Always',
      restartedAt: '2026-01-31T12:00:00Z',
      evictionStrategy: 'Block',
      nodeSelector: { x: 'yes' },
      tolerations: [],
      placementPriority: 0,
      terminationGracePeriodSeconds: 60,
    },
  }]);
});

test('aliases stand for what they name', () => {
  const { documents } = parseFiles([{ file: 'f', text: vm('a', '  kernel: {path: &k boot/vmlinuz, initrd: *k}') }]);
  expect(documents[0]?.resource).toMatchObject({ spec: { kernel: { path: 'boot/vmlinuz', initrd: 'boot/vmlinuz' } } });
});

test('no text makes reading throw', () => {
  const piece = fc.constantFrom('a', ': ', '\n', '  ', '- ', '---\n', '[', ']', '{', '}', '"', '\'', '&x ', '*x', '!t ', '|', '>', '#', '\t', '?', 'kind: RealtimeVM\n', 'apiVersion: rtvm.dev/v1alpha1\n', 'metadata: ', 'spec: ', '__proto__: ', 'items: ', 'kind: List\n', '~', '\0', '<<: ');
  fc.assert(fc.property(fc.oneof(fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')), fc.string({ unit: 'binary' })), (text) => {
    const { problems } = parseFiles([{ file: 'f', text }]);
    for (const { line } of problems) expect(line).toBeLessThanOrEqual(text.split('\n').length);
  }), { numRuns: 5000 });
});
