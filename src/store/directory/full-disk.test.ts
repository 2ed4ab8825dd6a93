import { execFile } from 'node:child_process';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { node, vmYaml } from './testing/samples.ts';
import { openStore, temporaryDirectory } from './testing/temporary.ts';

const run = promisify(execFile);

/** A small file system of its own, or why there is none. */
async function smallDisk(): Promise<{ readonly directory: string } | { readonly refused: string }> {
  const directory = await temporaryDirectory();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory]);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
  onTestFinished(async () => { await run('umount', [directory]); });
  return { directory };
}

test('on a full disk nothing is half-written, and all goes on when there is space again', async (context) => {
  const disk = await smallDisk();
  if ('refused' in disk) {
    context.skip(`a tmpfs cannot be mounted here: ${disk.refused}`);
    return;
  }
  const { directory, store } = await openStore(disk.directory);
  const created = await store.create(node('host-a'));
  const files = async () => (await readdir(directory, { recursive: true })).filter((name) => name !== 'ballast').sort();
  const before = await files();
  const ballast = path.join(directory, 'ballast');
  await fill(ballast);

  const full = expect.objectContaining({ code: 'STORAGE_FULL', message: expect.stringMatching(/: no space is left; nothing was changed\. Free some space/) as string }) as unknown;
  await expect(store.create(node('host-b'))).rejects.toThrow(full);
  await expect(store.update({ ...created, metadata: { ...created.metadata, labels: { a: 'b' } } })).rejects.toThrow(full);
  await expect(store.applyManifests([{ file: 'vm.yaml', text: vmYaml('a') }])).rejects.toThrow(full);
  await expect(store.recordEvent({ about: { kind: 'RealtimeNode', name: 'host-a', uid: created.metadata.uid }, type: 'Normal', reason: 'Full', message: 'full' })).rejects.toThrow(full);
  expect([await files(), await store.list('RealtimeNode'), await store.list('RealtimeVM')]).toStrictEqual([before, [created], []]);

  await rm(ballast);
  await store.applyManifests([{ file: 'vm.yaml', text: vmYaml('a') }]);
  await store.delete('RealtimeNode', { name: 'host-a' });
  expect([(await store.list('RealtimeVM')).length, await store.list('RealtimeNode')]).toStrictEqual([1, []]);
});

async function fill(file: string): Promise<void> {
  const { bavail, bsize } = await statfs(path.dirname(file));
  await writeFile(file, Buffer.alloc(bavail * bsize));
}
