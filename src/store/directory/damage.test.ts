import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { DirectoryStore } from './directory-store.ts';
import { node, vmYaml, withPriority } from './testing/samples.ts';
import { openStore, temporaryDirectory } from './testing/temporary.ts';

const advice = 'Put it back from a backup, or remove it: its object is then made anew from its manifest, with a new uid, and a domain that runs under the old uid is kept as an orphan';

test.each([
  ['cut short', (text: string) => text.slice(0, -20), /^this state file is damaged: .*JSON/],
  ['emptied', () => '', /^this state file is damaged: .*JSON/],
  ['of another object', (text: string) => text.replaceAll('host-a', 'host-z'), /^this state file is damaged: it holds RealtimeNode host-z, which belongs in RealtimeNode__host-z\.json/],
  ['without uid', (text: string) => text.replace('"uid"', '"uidd"'), /^this state file is damaged: it does not hold an object with its kind, uid, resourceVersion, generation and creationTimestamp/],
  ['with a wrong value', (text: string) => text.replace('"maxPriority": 49', '"maxPriority": 490'), /^this state file is damaged: spec\.maxPriority: 490: must be at most 99/],
])('a state file %s names itself, and the others are served', async (_what, damage, message) => {
  const { directory, store } = await openStore();
  await store.create(node('host-a'));
  const other = await store.create(node('host-b'));
  const file = path.join(directory, 'state', 'objects', 'RealtimeNode__host-a.json');
  await writeFile(file, damage(await readFile(file, 'utf8')));

  const { store: reopened } = await openStore(directory);
  expect(await reopened.list('RealtimeNode')).toStrictEqual([other]);
  const [problem, ...none] = await reopened.diagnostics();
  expect([problem?.code, problem?.file, none]).toStrictEqual(['STATE_DAMAGED', file, []]);
  expect(problem?.message).toMatch(message);
  expect(problem?.message.endsWith(advice)).toBe(true);
  const damaged = expect.objectContaining({ code: 'DAMAGED', message: `${file}: ${problem!.message}` }) as unknown;
  await expect(reopened.get('RealtimeNode', { name: 'host-a' })).rejects.toThrow(damaged);
  await expect(reopened.create(node('host-a'))).rejects.toThrow(damaged);
});

test('a state file of a newer version is read without the fields that this one does not know', async () => {
  const { directory, store } = await openStore();
  const created = await store.create(node('host-a', 10));
  const file = path.join(directory, 'state', 'objects', 'RealtimeNode__host-a.json');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"maxPriority": 10', '"maxPriority": 10, "newer": {"than": ["this"]}'));
  const { store: reopened } = await openStore(directory);
  expect([await reopened.diagnostics(), await reopened.get('RealtimeNode', { name: 'host-a' })]).toStrictEqual([[], created]);
  // What is wrong beside that is wrong all the same.
  await writeFile(file, text.replace('"maxPriority": 10', '"maxPriority": 490, "newer": true'));
  const { store: again } = await openStore(directory);
  expect((await again.diagnostics()).map(({ message }) => message)).toEqual([expect.stringMatching(/^this state file is damaged: spec\.maxPriority: 490: must be at most 99\. /)]);
});

test('a damaged state file is not overwritten from its manifest', async () => {
  const { directory, store } = await openStore();
  await store.applyManifests([{ file: 'vm.yaml', text: vmYaml('a') }]);
  const file = path.join(directory, 'state', 'objects', 'RealtimeVM_default_a.json');
  await writeFile(file, 'x');
  await store.diagnostics();
  await expect(store.applyManifests([{ file: 'vm.yaml', text: vmYaml('a', 2) }])).rejects.toThrow(expect.objectContaining({ code: 'INVALID', message: expect.stringMatching(/^vm\.yaml:1: RealtimeVM default\/a cannot be changed: .*RealtimeVM_default_a\.json: this state file is damaged/) as string }));
  expect(await readFile(file, 'utf8')).toBe('x');
});

test('a transaction that was cut short after its commit is ended, and one before it is forgotten', async () => {
  const { directory, store } = await openStore();
  const created = await store.create(node('host-a', 10));
  const state = path.join(directory, 'state');
  const file = path.join(state, 'objects', 'RealtimeNode__host-a.json');
  const changed = (await readFile(file, 'utf8')).replace('"maxPriority": 10', '"maxPriority": 20');
  await writeFile(path.join(state, 'objects', '.rtvm-one.tmp'), changed);
  await writeFile(path.join(state, 'objects', '.rtvm-two.tmp'), 'never committed');
  await writeFile(path.join(state, 'revision-floor'), '7\n');
  await writeFile(path.join(state, 'journal.json'), JSON.stringify([
    { rename: 'state/objects/.rtvm-done-before.tmp', to: 'state/version' },
    { rename: 'state/objects/.rtvm-one.tmp', to: 'state/objects/RealtimeNode__host-a.json' },
    { remove: 'state/revision-floor' },
  ]));
  const { store: reopened } = await openStore(directory);
  expect(await reopened.get('RealtimeNode', { name: 'host-a' })).toStrictEqual(withPriority(created, 20));
  expect([await readdir(path.join(state, 'objects')), (await readdir(state)).sort()]).toStrictEqual([['RealtimeNode__host-a.json'], ['deleted', 'events', 'lock', 'objects', 'version']]);
});

test.each([
  ['journal.json', '{'],
  ['journal.json', JSON.stringify([{ remove: '../../etc/passwd' }])],
  ['journal.json', JSON.stringify([{ rename: 'state/objects/../../../x', to: 'state/version' }])],
  ['revision-floor', 'seven'],
  ['version', '2'],
  ['lock', 'not an empty file, and longer than the header of a database, which is a hundred bytes, so that it is read'],
])('%s with %j is refused by name', async (name, text) => {
  const { directory, store } = await openStore();
  await store.close();
  const file = path.join(directory, 'state', name);
  await writeFile(file, text);
  const use = async () => {
    const opened = await DirectoryStore.open({ directory });
    try {
      await opened.create(node('host-a'));
    } finally {
      await opened.close();
    }
  };
  await expect(use()).rejects.toThrow(expect.objectContaining({ code: expect.stringMatching(/^(DAMAGED|STORAGE_FAILED)$/) as string, message: expect.stringContaining(file) as string }));
  expect(await readFile(file, 'utf8')).toBe(text);
  await rm(file);
  await use();
});

test('a directory that cannot be made is refused by name', async () => {
  const parent = await temporaryDirectory();
  await writeFile(path.join(parent, 'file'), '');
  await expect(DirectoryStore.open({ directory: path.join(parent, 'file', 'store') })).rejects.toThrow(expect.objectContaining({ code: 'STORAGE_FAILED', message: expect.stringContaining(`cannot make ${parent}/file/store: ENOTDIR`) as string }));
});

test('hidden files and other suffixes are no manifests', async () => {
  const { directory, store } = await openStore();
  const manifests = path.join(directory, 'manifests');
  for (const name of ['.vm.yaml', 'vm.yaml.bak', 'vm.yaml~', 'README']) await writeFile(path.join(manifests, name), vmYaml('a'));
  await mkdir(path.join(manifests, 'deeper'));
  expect([await store.diagnostics(), await store.list('RealtimeVM')]).toStrictEqual([[], []]);
});
