import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { badManifests } from '../corpus/bad-manifests.ts';
import { describeWithKubeApi } from '../testbed/describe-with-kube-api.ts';
import { crdDirectory } from '../testbed/install-crds.ts';
import { startKubeApi } from '../testbed/kube-api.ts';
import type { KubeApi } from '../testbed/kube-api.ts';
import { kubeRequest } from '../testbed/kube-request.ts';
import type { KubeRefusal } from '../testbed/kube-request.ts';
import { kubectl } from '../testbed/kubectl.ts';
import type { KubectlResult } from '../testbed/kubectl.ts';

const root = join(import.meta.dirname, '..', '..');
const vms = '/apis/rtvm.dev/v1alpha1/namespaces/default/realtimevms';
const statusPatch = { contentType: 'application/merge-patch+json' };

interface StoredVm {
  readonly metadata: { readonly name: string; readonly generation: number; readonly resourceVersion: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** The problems that kubectl prints, without what it puts around them. */
function problems(stderr: string): readonly string[] {
  return stderr.trim()
    .replace(/^The \w+ "[^"]*" is invalid: (\n\* )?/, '')
    .replace(/^Error from server \(BadRequest\): error when creating "[^"]*": /, '')
    .split('\n* ').map((line) => line.trim());
}

/** Lines of a table as its cells; cells are two spaces apart at least. */
function cells(table: string): readonly (readonly string[])[] {
  return table.trimEnd().split('\n').map((line) => line.trimEnd().split(/ {2,}/));
}

describeWithKubeApi('the CRDs on an API server', () => {
  let api: KubeApi;
  let files: string;
  const ctl = async (...args: readonly string[]): Promise<KubectlResult> => kubectl(api.kubeconfigPath, ...args);
  const out = async (...args: readonly string[]): Promise<string> => {
    const result = await ctl(...args);
    expect({ args, ...result }).toMatchObject({ exitCode: 0 });
    return result.stdout;
  };
  /** A manifest as a file, for kubectl. */
  const file = (name: string, ...documents: readonly object[]): string => {
    const path = join(files, `${name}.yaml`);
    writeFileSync(path, documents.map((document) => dump(document)).join('---\n'));
    return path;
  };
  const vm = (name: string, spec: object = {}) => ({
    apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeVM', metadata: { name, namespace: 'default' }, spec: { cpu: { vcpus: 2 }, memory: { size: '64Mi' }, ...spec },
  });

  beforeAll(async () => {
    api = await startKubeApi();
    files = join(api.dir, 'manifests');
    mkdirSync(files);
    await out('apply', '--server-side', '-f', crdDirectory);
    await out('wait', '--for=condition=Established', '--timeout=60s', '-f', crdDirectory);
    for (const namespace of ['ran', 'factory']) await out('create', 'namespace', namespace);
  });

  afterAll(async () => {
    rmSync(files, { recursive: true, force: true });
    await api.stop();
  });

  test('are applied again without a change', async () => {
    expect(await out('diff', '--server-side', '-f', crdDirectory)).toBe('');
  });

  test('take every example, and take it again as it is', async () => {
    const first = await out('apply', '-f', join(root, 'examples'));
    const second = await out('apply', '-f', join(root, 'examples'));
    // The node's status, there for `rtvm plan --host`, is what its agent alone can write.
    expect(second).toBe(first.replaceAll('created', 'unchanged').replace('host-a unchanged', 'host-a configured'));
  });

  describe('refuse, as kubectl prints it,', () => {
    test.each(badManifests().filter(({ server }) => server.length > 0))('$file', async ({ path, server }) => {
      const { exitCode, stdout, stderr } = await ctl('apply', '--dry-run=server', '-f', path);
      expect({ exitCode, stdout, problems: problems(stderr) }).toEqual({ exitCode: 1, stdout: '', problems: server });
    });
  });

  describe('accept what only the cluster can know to be wrong:', () => {
    test.each(badManifests().filter(({ condition }) => condition !== undefined))('$file', async ({ path }) => {
      expect((await out('apply', '--dry-run=server', '-f', path)).trim().split('\n').filter((line) => !line.endsWith('created (server dry run)'))).toEqual([]);
    });
  });

  test('fill in defaults, and say Ready=Unknown of a VM that nobody has seen', async () => {
    await out('apply', '-f', file('defaults', vm('defaults', { disks: [{ name: 'data', emptySize: '1Gi' }] })));
    const { body } = await kubeRequest<StoredVm>(api, 'GET', `${vms}/defaults`);
    expect(body.spec).toEqual({
      cpu: { vcpus: 2 },
      memory: { size: '64Mi' },
      disks: [{ name: 'data', emptySize: '1Gi' }],
      networks: [],
      hostDevices: [],
      ioThreads: 0,
      firmware: { type: 'BIOS' },
      runStrategy: 'Always',
      evictionStrategy: 'Block',
      nodeSelector: {},
      tolerations: [],
      placementPriority: 0,
      terminationGracePeriodSeconds: 60,
    });
    expect(body.status).toEqual({
      conditions: [{ type: 'Ready', status: 'Unknown', reason: 'Pending', message: 'No controller has seen the VM yet.', lastTransitionTime: '1970-01-01T00:00:00Z' }],
    });
    const waited = await ctl('wait', '--for=condition=Ready', '--timeout=1s', 'rtvm/defaults');
    expect(waited).toMatchObject({ exitCode: 1, stderr: 'error: timed out waiting for the condition on realtimevms/defaults\n' });
  });

  test('keep spec and status to their own writers', async () => {
    const created = await kubeRequest<StoredVm>(api, 'POST', vms, { body: { ...vm('writers'), status: { phase: 'Running' } } });
    expect(created.body.status?.['phase']).toBeUndefined();
    const withStatus = await kubeRequest<StoredVm>(api, 'PATCH', `${vms}/writers/status`, { ...statusPatch, body: { spec: { ioThreads: 3 }, status: { phase: 'Running', observedGeneration: 1 } } });
    expect(withStatus.body).toMatchObject({ metadata: { generation: 1 }, spec: { ioThreads: 0 }, status: { phase: 'Running', observedGeneration: 1 } });
    const withSpec = await kubeRequest<StoredVm>(api, 'PATCH', `${vms}/writers`, { ...statusPatch, body: { spec: { ioThreads: 2 }, status: { phase: 'Failed' } } });
    expect(withSpec.body).toMatchObject({ metadata: { generation: 2 }, spec: { ioThreads: 2 }, status: { phase: 'Running' } });
    const wrong = await kubeRequest<KubeRefusal>(api, 'PATCH', `${vms}/writers/status`, { ...statusPatch, body: { status: { phase: 'Asleep' } } });
    expect(wrong.body.details?.causes?.map(({ field }) => field)).toContain('status.phase');
  });

  test('select VMs by the node they are on, and show it', async () => {
    for (const [name, nodeName] of [['on-a', 'host-a'], ['on-b', 'host-b']] as const) {
      await kubeRequest(api, 'POST', vms, { body: vm(name) });
      const placement = { nodeName, cells: [], vcpuPins: [{ vcpu: 0, cpu: 4 }, { vcpu: 1, cpu: 5 }], realtimeVcpus: '1', emulatorCpus: '4', reservedCpus: '', devices: [], extraMemoryMiB: 100 };
      const conditions = ['Ready', 'RealtimeVerified'].map((type) => ({ type, status: 'True', reason: 'Verified', message: '', lastTransitionTime: '2026-01-31T12:00:00Z' }));
      const { status, body } = await kubeRequest(api, 'PATCH', `${vms}/${name}/status`, { ...statusPatch, body: { status: { phase: 'Running', cpus: '4-5', placement, conditions } } });
      expect({ status, body }).toMatchObject({ status: 200 });
    }
    const [head, ...rows] = cells(await out('get', 'rtvm', '--field-selector', 'status.placement.nodeName=host-a', '-o', 'wide'));
    expect(head).toEqual(['NAME', 'PHASE', 'READY', 'REALTIME', 'NODE', 'CPUS', 'AGE']);
    expect(rows.map((row) => row.slice(0, -1))).toEqual([['on-a', 'Running', 'True', 'True', 'host-a', '4-5']]);
    expect(cells(await out('get', 'rtvm', 'on-b'))[0]).toEqual(['NAME', 'PHASE', 'READY', 'REALTIME', 'NODE', 'AGE']);
    await out('wait', '--for=condition=Ready', '--timeout=60s', 'rtvm/on-b');
  });

  test.each([
    ['rtvmc', ['NAME', 'VCPUS', 'POLICY', 'PRIORITY', 'MEMORY', 'AGE'], ['du-8', '8', 'Dedicated', '10', '16Gi']],
    ['rtimg', ['NAME', 'FORMAT', 'PATH', 'URL', 'AGE'], ['debian', 'qcow2', 'debian/13.qcow2']],
    ['rtnode', ['NAME', 'READY', 'ALIVE', 'REALTIME', 'DEDICATED', 'SHARED', 'LATENCY-US', 'AGE'], ['host-a', '2-7', '0-1']],
  ])('show %s as a table', async (shortName, head, row) => {
    const table = cells(await out('get', shortName));
    expect(table[0]).toEqual(head);
    expect(table[1]?.slice(0, -1)).toEqual(row);
  });

  test('answer to their short names and their category', async () => {
    const resources = await out('api-resources', '--api-group=rtvm.dev', '--categories=realtime', '-o', 'wide', '--no-headers');
    expect(cells(resources).map(([plural, shortName, version, namespaced, kind]) => [plural, shortName, version, namespaced, kind])).toEqual([
      ['realtimeallocations', 'rtalloc', 'rtvm.dev/v1alpha1', 'false', 'RealtimeAllocation'],
      ['realtimeimages', 'rtimg', 'rtvm.dev/v1alpha1', 'true', 'RealtimeImage'],
      ['realtimenodes', 'rtnode', 'rtvm.dev/v1alpha1', 'false', 'RealtimeNode'],
      ['realtimevmclasses', 'rtvmc', 'rtvm.dev/v1alpha1', 'false', 'RealtimeVMClass'],
      ['realtimevms', 'rtvm', 'rtvm.dev/v1alpha1', 'true', 'RealtimeVM'],
    ]);
  });

  test('explain fields with their units', async () => {
    // A description wraps where the line ends.
    const explained = async (path: string) => (await out('explain', path)).replaceAll(/\s+/g, ' ');
    expect(await explained('rtvm.spec.memory.size')).toContain('FIELD: size <string> DESCRIPTION: Memory of the guest, in whole MiB, such as 512Mi or 4Gi.');
    expect(await explained('rtvm.spec.latency.maxMicroseconds')).toContain('in microseconds.');
    expect(await explained('rtvm.spec.cpu')).toContain('realtime <Object> Makes the VM a realtime one; {} takes the defaults.');
    expect(await explained('rtvm.spec.networks')).toContain('Network card that the guest sees. Default virtio.');
    expect(await explained('rtalloc.spec.guests.placement.vcpuPins')).toContain('One entry for each vCPU, ascending.');
  });

  test('let nobody change a class, or the identity of a machine', async () => {
    const refusal = async (...args: readonly string[]) => problems((await ctl(...args)).stderr);
    expect(await refusal('patch', 'rtvmc', 'du-8', '--type=merge', '-p', '{"spec":{"cpu":{"vcpus":4}}}')).toEqual([
      'spec: Forbidden: cannot be changed, since VMs were placed by it; accepted: a new class of another name, and the VMs\' className set to it',
    ]);
    await out('label', 'rtvmc', 'du-8', 'tier=gold');
    await out('apply', '-f', file('identity', vm('identity', { firmware: { uuid: '6b3f1d0e-58b1-4a0c-9e0b-2f6f0d1c7a11' } })));
    for (const uuid of ['null', '"6b3f1d0e-58b1-4a0c-9e0b-2f6f0d1c7a12"']) {
      expect(await refusal('patch', 'rtvm', 'identity', '--type=merge', '-p', `{"spec":{"firmware":{"uuid":${uuid}}}}`)).toEqual([
        'spec.firmware.uuid: Forbidden: cannot be changed, added or removed, since it is what the machine is known by; accepted: the VM deleted and made anew',
      ]);
    }
    await out('patch', 'rtvm', 'identity', '--type=merge', '-p', '{"spec":{"firmware":{"type":"UEFI"}}}');
  });

  test('merge named items, and tell two appliers of one field of each other', async () => {
    const apply = async (manager: string, ...disks: readonly object[]) => ctl('apply', '--server-side', `--field-manager=${manager}`, '-f', file(manager, vm('shared', { disks })));
    expect(await apply('team-a', { name: 'a', emptySize: '1Gi' })).toMatchObject({ exitCode: 0 });
    expect(await apply('team-b', { name: 'b', emptySize: '1Gi' })).toMatchObject({ exitCode: 0 });
    const { body } = await kubeRequest<StoredVm>(api, 'GET', `${vms}/shared`);
    expect(body.spec['disks']).toEqual(['a', 'b'].map((name) => ({ name, emptySize: '1Gi' })));
    const conflict = await apply('team-b', { name: 'a', emptySize: '2Gi' });
    expect(conflict).toMatchObject({ exitCode: 1 });
    expect(conflict.stderr).toContain('conflict with "team-a": .spec.disks[name="a"].emptySize');
  });

  test('look at the largest honest objects within the cost limit of rules', async () => {
    const numbers = (first: number, step: number, count: number) => Array.from({ length: count }, (_, index) => first + step * index).join(',');
    const interleaved = Array.from({ length: 16 }, (_, cell) => ({ vcpus: numbers(cell, 16, 15), memory: '1Gi' }));
    const mask = numbers(1, 2, 127);
    await out('apply', '--dry-run=server', '-f', file(
      'largest',
      vm('largest-mask', { cpu: { vcpus: 255, policy: 'Mixed', emulatorThreads: 'Isolate', realtime: { mask } } }),
      vm('largest-exclusions', { cpu: { vcpus: 255, policy: 'Mixed', dedicatedMask: mask.replaceAll(/(\d+)/g, '^$1') } }),
      vm('largest-cells', { cpu: { vcpus: 240, policy: 'Dedicated' }, memory: { size: '16Gi' }, numa: { cells: interleaved } }),
      { apiVersion: 'rtvm.dev/v1alpha1', kind: 'RealtimeNode', metadata: { name: 'largest' }, spec: { dedicatedCpus: numbers(0, 2, 256), sharedCpus: numbers(1, 2, 256) } },
    ));
  });

  test('round-trip what examples say, with nothing pruned', async () => {
    const manifest = await out('get', 'rtvm', 'plc', '-n', 'factory', '-o', 'yaml');
    const [stored] = loadAll(manifest) as [{ spec: object }];
    expect(stored.spec).toMatchObject({ cpu: { vcpus: 1, policy: 'Dedicated', threadPolicy: 'Isolate', emulatorThreads: 'Isolate', realtime: { priority: 20 } }, kernel: { path: 'plc/vmlinuz', initrd: 'plc/initrd.img', args: 'console=ttyS0 quiet' } });
  });
});
