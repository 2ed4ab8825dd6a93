import { hostname } from 'node:os';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { parseFiles } from '../../../src/crds/parse-files.ts';
import { toHostInventory } from '../../../src/crds/to-host-inventory.ts';
import { makeInventory } from '../../../src/node-agent/host/inventory.ts';
import { readTopology } from '../../../src/node-agent/host/topology.ts';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import type { InventoryOptions } from '../../../src/cli/commands/host.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { RecordedHost } from '../../fixtures/hosts/host-fixture.ts';
import { Io } from '../../../src/cli/io.ts';
import { printInventory } from '../../../src/cli/host/print-inventory.ts';

async function print(host: RecordedHost, options: Partial<InventoryOptions> = {}) {
  using unpacked = unpackHost(recordedHost(host));
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  printInventory({ output: 'yaml', ...options }, new Io({ stdin: Readable.from([]), stdout, stderr, env: {} }), unpacked.root);
  stdout.end();
  stderr.end();
  return { stdout: await text(stdout), stderr: await text(stderr) };
}

function readBack(printed: string) {
  const { documents, problems } = parseFiles([{ file: 'host.yaml', text: printed }]);
  expect(problems).toEqual([]);
  const node = documents[0]!.resource;
  if (node.kind !== 'RealtimeNode') throw new Error(`printed a ${node.kind}`);
  return toHostInventory(node);
}

describe('rtvm host inventory', () => {
  it.each([['yaml'], ['json']] as const)('prints what --host reads back as the same host, as %s', async (output) => {
    using unpacked = unpackHost(recordedHost('realtime-two-sockets'));
    const topology = readTopology(unpacked.root);
    const [dedicatedCpus, sharedCpus] = [CpuSet.parse('2-3,6-7'), CpuSet.parse('0-1')];
    const expected = makeInventory(topology, { name: 'host-a', labels: { 'rtvm.dev/realtime': 'true' } }, { dedicatedCpus, sharedCpus });
    const { stdout, stderr } = await print('realtime-two-sockets', { output, name: 'host-a', dedicated: '2-3,6-7', shared: '0-1' });
    expect(stderr).toBe('');
    const back = readBack(stdout);
    if (!expected.ok || !back.ok) throw new Error('refused');
    expect({ ...back.value, latencyMicroseconds: undefined }).toEqual({ ...expected.value, latencyMicroseconds: undefined });
  });

  it('takes the host name, and warns that nothing is dedicated', async () => {
    const { stdout, stderr } = await print('two-cpus');
    expect(readBack(stdout)).toMatchObject({ ok: true, value: { name: hostname().toLowerCase() } });
    expect(stderr).toMatch(/^warning: spec\.dedicatedCpus: no CPU is dedicated, so only VMs of policy Shared fit here: .*\n$/);
  });

  it('refuses CPUs that the host does not have, by the name of the option', async () => {
    await expect(print('two-cpus', { dedicated: '1,9' })).rejects.toMatchObject({ code: 'HOST_REFUSED', message: '--dedicated: CPUs 9 are not online on this host; accepted: CPUs among 0-1' });
  });

  it('takes what is no CPU list for a wrong call', async () => {
    await expect(print('two-cpus', { shared: '3-1' })).rejects.toMatchObject({ code: 'USAGE', message: '--shared: "3-1" is not a CPU list: range "3-1" runs backwards; accepted: numbers and ranges such as "0-3,8"' });
  });
});
