import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { Kind } from '../../crds/resource.ts';
import { formatProblems } from '../../crds/document-problem.ts';
import { modify } from '../modify.ts';
import type { DirectoryStore } from './directory-store.ts';
import { StateDirectory } from './state-directory.ts';
import { node, vmYaml, withLabel, withPriority } from './testing/samples.ts';
import { atTestTime, openStore, temporaryDirectory } from './testing/temporary.ts';

const hostA = { name: 'host-a' };

/** Everything that a watch has told, each in a few words, and waiting for what it will. */
function follow(store: DirectoryStore, kind: Kind, scope: { readonly name?: string } = {}) {
  const stop = new AbortController();
  const told: string[] = [];
  let changed = Promise.withResolvers<undefined>();
  const ended = (async () => {
    for await (const event of store.watch(kind, scope, stop.signal)) {
      if (event.type === 'synced') told.push('synced');
      else if (event.type === 'problems') told.push(`problems: ${formatProblems(event.problems)}`);
      else told.push(`${event.type} ${event.object.metadata.name} v${event.object.metadata.resourceVersion}`);
      changed.resolve(undefined);
      changed = Promise.withResolvers();
    }
  })();
  onTestFinished(async () => { stop.abort(); await ended; });
  const until = async (last: string | RegExp) => {
    const isLast = (text: string | undefined) => text !== undefined && (typeof last === 'string' ? text === last : last.test(text));
    const deadline = AbortSignal.timeout(10_000);
    while (!isLast(told.at(-1))) {
      if (deadline.aborted) throw new Error(`waited for ${String(last)}; told: ${told.join('; ')}`);
      await Promise.race([changed.promise, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    return told;
  };
  return { told, until, stop, ended };
}

test('a watch tells what is, that it has told it, and then every change', async () => {
  const { store } = await openStore();
  await store.create(node('host-a'));
  const { until } = follow(store, 'RealtimeNode');
  await until('synced');
  const other = await store.create(node('host-b'));
  await until('added host-b v1');
  await store.update(withPriority(other, 1));
  await until('modified host-b v2');
  await store.delete('RealtimeNode', hostA);
  expect(await until('deleted host-a v1')).toStrictEqual(['added host-a v1', 'synced', 'added host-b v1', 'modified host-b v2', 'deleted host-a v1']);
});

test('another process\'s writes are told too, and only those of the kind and name', async () => {
  const { directory, store } = await openStore();
  const { store: other } = await openStore(directory);
  const all = follow(store, 'RealtimeNode');
  const one = follow(store, 'RealtimeNode', hostA);
  await all.until('synced');
  await other.applyManifests([{ file: 'vm.yaml', text: vmYaml('a') }]);
  await other.create(node('host-b'));
  await other.create(node('host-a'));
  await all.until(/^added/);
  expect(await one.until('added host-a v1')).toStrictEqual(['synced', 'added host-a v1']);
});

test('changes merge, and the last state always arrives', async () => {
  const { directory, store } = await openStore();
  const { store: other } = await openStore(directory);
  await other.create(node('host-a'));
  const { told, until } = follow(store, 'RealtimeNode');
  await until('synced');
  for (let count = 0; count < 100; count += 1) await modify(other, 'RealtimeNode', hostA, (object) => withLabel(object, String(count)));
  await until('modified host-a v101');
  expect(told.length).toBeLessThan(102);
});

test('an object made anew under the same name is told as another', async () => {
  const { store } = await openStore();
  await store.create(node('host-a'));
  const { until } = follow(store, 'RealtimeNode');
  await until('synced');
  await store.delete('RealtimeNode', hostA);
  await store.create(node('host-a'));
  expect(await until('added host-a v3')).toStrictEqual(['added host-a v1', 'synced', 'deleted host-a v1', 'added host-a v3']);
});

test('manifests are taken up as they are saved, by writing in place or by renaming over', async () => {
  const { directory, store } = await openStore();
  const file = path.join(directory, 'manifests', 'vm.yaml');
  const { until } = follow(store, 'RealtimeVM');
  await until('synced');
  await writeFile(file, vmYaml('a', 1));
  await until('added a v1');
  await writeFile(`${file}.swp`, vmYaml('a', 2));
  await rename(`${file}.swp`, file);
  await until('modified a v2');
  await rm(file);
  await until(/^problems: .*this file is gone/);
  await writeFile(file, 'kind: [');
  await until(/^problems: .*is not valid YAML/);
  await writeFile(file, vmYaml('a', 3));
  expect(await until('problems: ')).toContain('modified a v3');
});

test('a damaged or missing state directory is a problem, and deletes nothing', async () => {
  const { directory, store } = await openStore();
  await store.create(node('host-a'));
  const { told, until } = follow(store, 'RealtimeNode');
  await until('synced');
  const objects = path.join(directory, 'state', 'objects');
  await writeFile(path.join(objects, 'RealtimeNode__host-a.json'), '{');
  await until(/^problems: .*this state file is damaged/);
  await rename(objects, `${objects}-gone`);
  await until(/^problems: .*cannot read the directory/);
  await mkdir(objects);
  await store.create(node('host-b'));
  await until(/^(added host-b v1|problems: )$/);
  expect(told.filter((text) => text.startsWith('deleted'))).toStrictEqual(['deleted host-a v1']);
});

test('a watch ends when it is aborted, and when the store is closed', async () => {
  const { store } = await openStore();
  const one = follow(store, 'RealtimeNode');
  const other = follow(store, 'RealtimeNode');
  await Promise.all([one.until('synced'), other.until('synced')]);
  one.stop.abort();
  await one.ended;
  await store.close();
  await other.ended;
  for await (const event of store.watch('RealtimeNode', {}, AbortSignal.abort())) expect.unreachable(`told ${event.type}`);
});

test('a machine without inotify watches to spare says which limit to raise', async (context) => {
  const directory = await temporaryDirectory();
  const script = `
    import { DirectoryStore } from ${JSON.stringify(path.join(import.meta.dirname, 'directory-store.ts'))};
    const store = await DirectoryStore.open({ directory: ${JSON.stringify(directory)} });
    try { for await (const event of store.watch('RealtimeNode', {}, new AbortController().signal)) console.log(event.type); }
    catch (error) { console.log(error.code, error.message); }
    await store.close();`;
  const limited = 'echo 0 > /proc/sys/user/max_inotify_watches && exec "$0" "$@"';
  const run = promisify(execFile);
  try {
    await run('unshare', ['--user', '--map-root-user', 'sh', '-c', 'echo 0 > /proc/sys/user/max_inotify_watches']);
  } catch (error) {
    context.skip(`user namespaces with limits of their own are refused here: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { stdout } = await run('unshare', ['--user', '--map-root-user', 'sh', '-c', limited, process.execPath, '--input-type=module-typescript', '--eval', script]);
  expect(stdout).toBe(`WATCH_FAILED cannot watch ${directory}: this machine has no inotify watches left. Raise the limit, e.g. \`sysctl -w fs.inotify.max_user_watches=1048576\`, or end the programs that hold them\n`);
});

test('what is seen in the middle of another process\'s change is told nobody as a problem', async () => {
  const { directory, store } = await openStore();
  await store.applyManifests([{ file: 'vm.yaml', text: vmYaml('a', 2) }]);
  const key = { namespace: 'default', name: 'a' };
  const held = (await store.get('RealtimeVM', key))!;
  await store.update({ ...held, metadata: { ...held.metadata, finalizers: ['rtvm.dev/domain'] } });
  const own = path.join(directory, 'manifests', 'RealtimeVM_default_a.yaml');
  const manifest = await readFile(own, 'utf8');
  await store.delete('RealtimeVM', key);
  const { told, until } = follow(store, 'RealtimeVM');
  await until('synced');
  const other = await StateDirectory.open(directory, atTestTime);
  onTestFinished(() => other.close());
  await other.exclusive(async () => {
    // As between the two steps of a deletion: the object is marked, and its manifest not yet removed.
    await writeFile(own, manifest);
    await sleep(300);
    await rm(own);
  });
  const deleting = (await store.get('RealtimeVM', key))!;
  await store.update({ ...deleting, metadata: { ...deleting.metadata, finalizers: [] } });
  await until(/^deleted a /);
  expect(told.filter((text) => text.startsWith('problems'))).toStrictEqual([]);
});
