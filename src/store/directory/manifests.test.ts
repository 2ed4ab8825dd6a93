import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { formatProblems } from '../../crds/document-problem.ts';
import type { Stored } from '../resource.ts';
import type { DirectoryStore } from './directory-store.ts';
import { vmYaml } from './testing/samples.ts';
import { openStore } from './testing/temporary.ts';

const vmA = { namespace: 'default', name: 'a' };

interface Bench {
  readonly store: DirectoryStore;
  readonly manifests: string;
  readonly put: (file: string, text: string) => Promise<void>;
  readonly remove: (file: string) => Promise<void>;
  /** As `rtvm` would print them, without the directory. */
  readonly problems: () => Promise<readonly string[]>;
  readonly vm: (name?: string) => Promise<Stored<'RealtimeVM'> | undefined>;
  readonly vcpus: (name?: string) => Promise<number | undefined>;
}

async function bench(): Promise<Bench> {
  const { directory, store } = await openStore();
  const manifests = path.join(directory, 'manifests');
  const vm = (name = 'a') => store.get('RealtimeVM', { namespace: 'default', name });
  const problems = async () => formatProblems(await store.diagnostics()).replaceAll(`${manifests}/`, '').split('\n').filter((line) => line !== '');
  const review = async () => { await store.diagnostics(); };
  return {
    store,
    manifests,
    put: async (file, text) => { await writeFile(path.join(manifests, file), text); await review(); },
    remove: async (file) => { await rm(path.join(manifests, file)); await review(); },
    problems,
    vm,
    vcpus: async (name) => (await vm(name))?.spec.cpu?.vcpus,
  };
}

test('a manifest makes objects, and changes them when it changes', async () => {
  const { put, vm, vcpus, problems } = await bench();
  await put('team.yaml', `${vmYaml('a', 1)}---\n${vmYaml('b', 2)}`);
  const first = await vm('a');
  expect([await vcpus('a'), await vcpus('b'), first?.metadata.generation]).toStrictEqual([1, 2, 1]);

  await put('team.yaml', `# moved, and written otherwise\n${vmYaml('b', 2)}---\n${vmYaml('a', 1).replace('{vcpus: 1}', '\n    vcpus: 1')}`);
  expect(await vm('a')).toStrictEqual(first);

  await put('team.yaml', `${vmYaml('a', 4)}---\n${vmYaml('b', 2)}`);
  const second = await vm('a');
  expect(second).toStrictEqual({ ...first, spec: { ...first!.spec, cpu: { vcpus: 4 } }, metadata: { ...first!.metadata, generation: 2, resourceVersion: '2' } });
  expect(await problems()).toStrictEqual([]);
});

test.each<[string, (on: Bench) => Promise<void>, readonly string[]]>([
  ['vanishes', ({ remove }) => remove('vm.yaml'), ['vm.yaml: this file is gone, but RealtimeVM default/a came from it; it stays with its last spec. Put it back, or delete it with `rtvm delete`']],
  ['is empty', ({ put }) => put('vm.yaml', ''), ['vm.yaml: RealtimeVM default/a is no longer in this file; it stays with its last spec. Put it back, or delete it with `rtvm delete`']],
  ['holds only comments', ({ put }) => put('vm.yaml', '# a was here\n---\n'), ['vm.yaml: RealtimeVM default/a is no longer in this file; it stays with its last spec. Put it back, or delete it with `rtvm delete`']],
  ['cannot be parsed', ({ put }) => put('vm.yaml', `${vmYaml('a', 2)}  - {`), [expect.stringMatching(/^vm\.yaml:8: is not valid YAML: /) as string]],
  ['is not valid', ({ put }) => put('vm.yaml', vmYaml('a', 0)), ['vm.yaml:5: spec.cpu.vcpus: 0: must be at least 1']],
  ['is a directory', async ({ remove, manifests }) => { await remove('vm.yaml'); await mkdir(path.join(manifests, 'vm.yaml')); }, [expect.stringMatching(/^vm\.yaml: cannot read vm\.yaml: EISDIR/) as string]],
])('a manifest that %s deletes nothing', async (_what, spoil, problems) => {
  const on = await bench();
  await on.put('vm.yaml', vmYaml('a', 2));
  const before = await on.vm();
  await spoil(on);
  expect(await on.vm()).toStrictEqual(before);
  expect(await on.problems()).toStrictEqual(problems);
  await rm(path.join(on.manifests, 'vm.yaml'), { recursive: true, force: true });
  await on.put('vm.yaml', vmYaml('a', 2));
  expect(await on.vm()).toStrictEqual(before);
  expect(await on.problems()).toStrictEqual([]);
});

test('of two manifests for one object the first stays, and both are named', async () => {
  const { put, remove, vcpus, problems } = await bench();
  await put('b.yaml', vmYaml('a', 2));
  await put('a.yaml', vmYaml('a', 3));
  expect([await vcpus(), await problems()]).toStrictEqual([2, ['a.yaml:1: RealtimeVM default/a is already described by b.yaml:1, which stays in force; remove one of the two']]);

  await put('b.yaml', 'kind: [');
  expect(await vcpus()).toBe(2);
  expect(await problems()).toStrictEqual([expect.stringMatching(/^b\.yaml:\d+: is not valid YAML/), 'a.yaml:1: RealtimeVM default/a is already described by b.yaml, which stays in force; remove one of the two']);

  await remove('b.yaml');
  expect([await vcpus(), await problems()]).toStrictEqual([3, []]);
});

test('what was deleted by command stays deleted until its manifest changes', async () => {
  const { store, put, remove, vm, vcpus, problems } = await bench();
  await put('vm.yaml', `${vmYaml('a', 2)}---\n${vmYaml('b')}`);
  await store.delete('RealtimeVM', vmA);
  expect([await vm(), await problems()]).toStrictEqual([undefined, ['vm.yaml:1: RealtimeVM default/a was deleted by command and stays deleted; remove it from this file, or change it here to have it made anew']]);

  await put('vm.yaml', `${vmYaml('a', 3)}---\n${vmYaml('b')}`);
  expect([await vcpus(), await problems()]).toStrictEqual([3, []]);

  await store.delete('RealtimeVM', vmA);
  await put('vm.yaml', vmYaml('b'));
  expect(await problems()).toStrictEqual([]);
  await put('vm.yaml', `${vmYaml('a', 3)}---\n${vmYaml('b')}`);
  expect(await vcpus()).toBe(3);
  await remove('vm.yaml');
});

test('a manifest that changes during deletion is taken up afterwards', async () => {
  const { store, put, vm, vcpus, problems } = await bench();
  await put('vm.yaml', vmYaml('a', 2));
  const held = await store.update({ ...(await vm())!, metadata: { ...(await vm())!.metadata, finalizers: ['rtvm.dev/domain'] } });
  await store.delete('RealtimeVM', vmA);
  expect(await problems()).toStrictEqual(['vm.yaml:1: RealtimeVM default/a is being deleted by command; remove it from this file']);
  await put('vm.yaml', vmYaml('a', 3));
  expect([await vcpus(), await problems()]).toStrictEqual([2, ['vm.yaml:1: RealtimeVM default/a is being deleted; what this file says now is taken up when that has ended']]);
  const deleting = (await vm())!;
  await store.update({ ...deleting, metadata: { ...deleting.metadata, finalizers: [] } });
  expect(await problems()).toStrictEqual([]);
  expect([await vcpus(), (await vm())?.metadata.uid === held.metadata.uid]).toStrictEqual([3, false]);
});

test('a spec has one source: the store writes its own manifests along, and leaves a person\'s alone', async () => {
  const { store, manifests, put, vm } = await bench();
  await store.applyManifests([{ file: 'elsewhere.yaml', text: vmYaml('a', 2) }]);
  await put('team.yaml', vmYaml('b', 2));
  const halted = async (name: string) => store.update({ ...(await vm(name))!, spec: { ...(await vm(name))!.spec, runStrategy: 'Halted' } });

  expect((await halted('a')).metadata.generation).toBe(2);
  expect(await readFile(path.join(manifests, 'RealtimeVM_default_a.yaml'), 'utf8')).toContain('runStrategy: Halted');
  await expect(halted('b')).rejects.toThrow(expect.objectContaining({ code: 'INVALID', message: `the spec of RealtimeVM default/b comes from ${manifests}/team.yaml; edit it there` }));
  await put('RealtimeVM_default_a.yaml', `${vmYaml('a', 2)}---\n${vmYaml('c')}`);
  await expect(halted('a')).rejects.toThrow(expect.objectContaining({ code: 'INVALID' }));
});

test('a writer that did not see an edit of the manifest conflicts', async () => {
  const { store, manifests, vm, vcpus } = await bench();
  await store.applyManifests([{ file: 'elsewhere.yaml', text: vmYaml('a', 2) }]);
  const seen = (await vm())!;
  await writeFile(path.join(manifests, 'RealtimeVM_default_a.yaml'), vmYaml('a', 3));
  await expect(store.update({ ...seen, spec: { ...seen.spec, runStrategy: 'Halted' } })).rejects.toThrow(expect.objectContaining({ code: 'CONFLICT' }));
  expect(await vcpus()).toBe(3);
});

test('applying takes all documents or none', async () => {
  const { store, manifests, vm } = await bench();
  const apply = (...texts: string[]) => store.applyManifests([{ file: 'vms.yaml', text: texts.join('---\n') }]);
  const ref = (name: string) => ({ kind: 'RealtimeVM', namespace: 'default', name });
  expect(await apply(vmYaml('a', 1), vmYaml('b', 1))).toStrictEqual([{ ref: ref('a'), change: 'created' }, { ref: ref('b'), change: 'created' }]);
  const before = await vm('a');

  await expect(apply(vmYaml('a', 2), vmYaml('c', 0))).rejects.toThrow(expect.objectContaining({ code: 'INVALID', message: 'vms.yaml:13: spec.cpu.vcpus: 0: must be at least 1' }));
  expect(await vm('a')).toStrictEqual(before);

  expect(await apply(vmYaml('a', 1), vmYaml('b', 2), vmYaml('c', 1))).toStrictEqual([{ ref: ref('a'), change: 'unchanged' }, { ref: ref('b'), change: 'configured' }, { ref: ref('c'), change: 'created' }]);
  expect(await vm('a')).toStrictEqual(before);
  expect(await readdir(manifests)).toStrictEqual(['RealtimeVM_default_a.yaml', 'RealtimeVM_default_b.yaml', 'RealtimeVM_default_c.yaml']);
});

test('applying refuses what it may not change, and what is being deleted', async () => {
  const { store, manifests, put, vm, problems } = await bench();
  const apply = (text: string) => store.applyManifests([{ file: 'vm.yaml', text }]);
  await put('team.yaml', vmYaml('a', 2));
  expect((await apply(vmYaml('a', 2)))[0]?.change).toBe('unchanged');
  await expect(apply(vmYaml('a', 3))).rejects.toThrow(expect.objectContaining({ message: `vm.yaml:1: RealtimeVM default/a is already described by ${manifests}/team.yaml:1; edit it there, or remove it there first` }));

  await apply(vmYaml('b'));
  const created = (await vm('b'))!;
  await store.update({ ...created, metadata: { ...created.metadata, finalizers: ['rtvm.dev/domain'] } });
  await store.delete('RealtimeVM', { namespace: 'default', name: 'b' });
  expect([await readdir(manifests), await problems()]).toStrictEqual([['team.yaml'], []]);
  await expect(apply(vmYaml('b'))).rejects.toThrow(expect.objectContaining({ message: 'vm.yaml:1: RealtimeVM default/b is being deleted; apply it again when it is gone' }));
});

test('applying again puts back a manifest that is gone', async () => {
  const { store, remove, vm, problems } = await bench();
  const apply = () => store.applyManifests([{ file: 'vm.yaml', text: vmYaml('a', 2) }]);
  await apply();
  const before = await vm();
  await remove('RealtimeVM_default_a.yaml');
  expect(await problems()).toHaveLength(1);
  await apply();
  expect([await vm(), await problems()]).toStrictEqual([before, []]);
});

test('names and text of tenants stay text', async () => {
  const { store, manifests, vm } = await bench();
  const userData = '#cloud-config\npassword: "\': !!js {}"\n--- \n...\n- &a *a <x> $(rm -rf /)\n\ttab';
  const text = `${vmYaml('a', 1)}  cloudInit: {userData: ${JSON.stringify(userData)}}\n`.replace('{name: a}', '{name: a, annotations: {"note": "2026-01-31", "other": "yes"}}');
  await store.applyManifests([{ file: 'vm.yaml', text }]);
  const applied = await vm();
  expect([applied?.spec.cloudInit?.userData, applied?.metadata.annotations]).toStrictEqual([userData, { note: '2026-01-31', other: 'yes' }]);
  await rm(path.join(manifests, '..', 'state', 'objects', 'RealtimeVM_default_a.json'));
  await store.diagnostics();
  expect((await vm())?.spec).toStrictEqual(applied?.spec);
});
