// `rtvm render` names files before there are any; this compares the names with what the agent really makes.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseFiles } from '../../../src/crds/parse-files.ts';
import { checkManifests } from '../../../src/cli/input/manifests.ts';
import { plannedFiles } from '../../../src/cli/render/planned-files.ts';
import { thisHost } from '../../../src/node-agent/host/host-root.ts';
import { machineRuntime } from '../../../src/runtime/runtime.ts';
import { GuestFiles } from '../../../src/node-agent/images/guest-files.ts';
import { serialLogPath } from '../../../src/node-agent/serial-log.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-files-'));
});
afterAll(() => rm(directory, { recursive: true }));

const manifests = (spec: object) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [
  { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeImage', metadata: { name: 'rom' }, spec: { format: 'rom', source: { path: 'probe.rom' } } },
  { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeImage', metadata: { name: 'raw' }, spec: { format: 'raw', source: { path: 'os/disk.raw' } } },
  { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name: 'files' }, spec: { cpu: { vcpus: 1 }, memory: { size: '64Mi' }, ...spec } },
] });

it.each([
  ['a rom and empty disks', { image: { name: 'rom' }, disks: [{ name: 'scratch', emptySize: '1Mi' }, { name: 'data', emptySize: '1Mi', persistence: 'NodeLocal' }] }],
  ['images as disks, and a seed', { image: { name: 'raw' }, disks: [{ name: 'kept', image: 'raw', persistence: 'NodeLocal' }], cloudInit: { userData: '#cloud-config\n' } }],
  ['a kernel', { kernel: { path: 'vmlinuz', initrd: 'initrd.img' } }],
])('are those that the agent makes, for %s', async (name, spec) => {
  const state = join(directory, name.replaceAll(' ', '-'));
  const images = join(state, 'images');
  await mkdir(join(images, 'os'), { recursive: true });
  for (const [file, size] of [['os/disk.raw', 1024 * 1024], ['vmlinuz', 1], ['initrd.img', 1]] as const) await writeFile(join(images, file), Buffer.alloc(size));
  // A jump at the reset vector, as firmware has it.
  await writeFile(join(images, 'probe.rom'), Buffer.concat([Buffer.alloc(65520), Buffer.from([0xeb, 0xfe]), Buffer.alloc(14)]));
  const { vms, problems } = checkManifests(parseFiles([{ file: 'vm.json', text: manifests(spec) }]), 'refuse');
  expect(problems).toEqual([]);
  const { spec: { identity }, guest } = vms[0]!;

  const files = new GuestFiles({ root: thisHost, stateDirectory: state, imageRoot: images, urlPrefixes: [], runtime: machineRuntime, maxCacheBytes: 0, maxImageBytes: 0, imagesInUse: () => new Set() });
  const prepared = { ...await files.prepare(identity, guest), serialLog: serialLogPath(state, identity) };
  expect(plannedFiles(identity, guest, { state, images })).toEqual(prepared);
  await files.remove(identity.uid, { keepNodeLocal: false });
});
