import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkManifests } from '../../../src/cli/input/manifests.ts';
import { parseFiles } from '../../../src/crds/parse-files.ts';

const folder = new URL('../../../examples/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort();

test('every example reads and resolves, alone and together, with nothing to say about it', () => {
  const files = names.map((file) => ({ file, text: readFileSync(new URL(file, folder), 'utf8') }));
  for (const chosen of [files, ...files.map((file) => [file])]) {
    const { problems, warnings } = checkManifests(parseFiles(chosen), 'refuse');
    expect([...problems, ...warnings]).toEqual([]);
  }
  const { vms, hosts } = checkManifests(parseFiles(files), 'refuse');
  expect(vms.map(({ spec, guest }) => [spec.identity.name, guest.cpu.policy, guest.cpu.realtime?.vcpus.toString(), guest.cpu.emulatorThreads, guest.memory])).toEqual([
    ['du-1', 'Dedicated', '0-7', 'Isolate', { sizeMiB: 16384, pageSize: '1Gi', locked: true }],
    ['plain', 'Shared', undefined, 'Vcpus', { sizeMiB: 512, pageSize: 'Small', locked: false }],
    ['plc', 'Dedicated', '0', 'Isolate', { sizeMiB: 256, pageSize: '2Mi', locked: true }],
    ['probe', 'Mixed', '1', 'Housekeeping', { sizeMiB: 32, pageSize: '2Mi', locked: true }],
  ]);
  expect(hosts.map(({ name, dedicatedCpus, sharedCpus }) => [name, dedicatedCpus.toString(), sharedCpus.toString()])).toEqual([['host-a', '2-7', '0-1']]);
});
