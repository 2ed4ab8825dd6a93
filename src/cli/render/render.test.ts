import { describe, expect, it } from 'vitest';
import { capturedRun } from '../captured-run.ts';

const vms = [
  { kind: 'RealtimeImage', metadata: { name: 'probe' }, spec: { format: 'rom', source: { path: 'probe.rom' } } },
  { kind: 'RealtimeVM', metadata: { name: 'fits', uid: '6f1c3f0e-8a52-4f0a-9a0d-0a4cf1d3a111' }, spec: { image: { name: 'probe' }, cpu: { vcpus: 1, policy: 'Dedicated' }, memory: { size: '32Mi' } } },
  { kind: 'RealtimeVM', metadata: { name: 'big' }, spec: { image: { name: 'probe' }, cpu: { vcpus: 16, policy: 'Dedicated' }, memory: { size: '32Mi' } } },
  { kind: 'RealtimeNode', metadata: { name: 'host-a' }, spec: { dedicatedCpus: '1-3' }, status: { topology: { numaNodes: [{ id: 0, cpus: '0-3', memoryMiB: 4096 }] } } },
].map((resource) => JSON.stringify({ apiVersion: 'rtvm.dev/v1alpha1', ...resource })).join('\n---\n');

const render = (...args: string[]) => capturedRun(['render', '-f', '-', ...args], { stdin: vms });
const refusal = 'default/big fits on no host:\n  - host-a: 2 free dedicated CPUs on host NUMA node 0, 16 needed for guest cell\n    0\n';

describe('rtvm render', () => {
  it('prints the domain of the VM that fits, and why the other has none', async () => {
    const { exitCode, stdout, stderr } = await render();
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: refusal });
    expect(stdout.match(/<domain [^>]*>|<uuid>.*<\/uuid>|<vcpupin .*\/>/g)).toEqual(["<domain type='kvm'>", '<uuid>6f1c3f0e-8a52-4f0a-9a0d-0a4cf1d3a111</uuid>', "<vcpupin vcpu='0' cpuset='1'/>"]);
  });

  it('puts the same text into JSON, and null for a VM that fits nowhere', async () => {
    const { stdout: xml } = await render();
    const { exitCode, stdout, stderr } = await render('-o', 'json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: refusal });
    expect(JSON.parse(stdout)).toEqual({ items: [
      { namespace: 'default', name: 'fits', nodeName: 'host-a', xml },
      { namespace: 'default', name: 'big', nodeName: null, xml: null },
    ] });
  });

  it('names files below the directories that it is given, and the type of virtualization', async () => {
    const { stdout } = await render('--state-dir', '/srv/rtvm', '--virt-type', 'qemu');
    expect(stdout.match(/<domain [^>]*>|\/srv\/[^<']*/g)).toEqual(["<domain type='qemu'>", '/srv/rtvm/images/probe.rom', expect.stringMatching(/^\/srv\/rtvm\/serial\/rtvm-default-fits-[0-9a-f]+\.log$/)]);
    expect((await render('--state-dir', '/srv/rtvm', '--image-root', '/srv/images')).stdout).toContain("type='rom'>/srv/images/probe.rom<");
  });
});
