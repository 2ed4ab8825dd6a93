import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { guestToWire } from '../../crds/guest-wire.ts';
import { parseFiles } from '../../crds/parse-files.ts';
import { CpuSet } from '../../realtime/cpu-set.ts';
import { capturedRun } from '../captured-run.ts';
import { checkManifests } from '../input/manifests.ts';

/** JSON is YAML: one document each. */
const document = (kind: string, rest: object) => `${JSON.stringify({ apiVersion: 'rtvm.dev/v1alpha1', kind, ...rest })}\n`;
const image = document('RealtimeImage', { metadata: { name: 'probe' }, spec: { format: 'rom', source: { path: 'probe.rom' } } });

interface VmShape {
  readonly vcpus: number;
  readonly spec?: object;
  readonly uid?: string;
}

const vm = (name: string, { vcpus, spec = {}, uid }: VmShape) => document('RealtimeVM', {
  metadata: { name, ...(uid === undefined ? {} : { uid }) },
  spec: { image: { name: 'probe' }, cpu: { vcpus, policy: 'Dedicated', coreSharing: 'Allow' }, memory: { size: '32Mi', pageSize: '2Mi' }, ...spec },
});

const host = (name: string, { cpus = '0-3', dedicated = '1-3', orphans = [] as object[] } = {}) => document('RealtimeNode', {
  metadata: { name }, spec: { dedicatedCpus: dedicated, sharedCpus: '0' },
  status: { topology: { numaNodes: [{ id: 0, cpus, memoryMiB: 4096, hugepages: [{ size: '2Mi', total: 128 }] }] }, orphans },
});

const placement = (nodeName: string, cpus: readonly number[]) => ({
  nodeName, cells: [{ cell: 0, numaNode: 0, vcpus: cpus.length === 1 ? '0' : `0-${cpus.length - 1}`, memoryMiB: 32, pageSize: '2Mi' }],
  vcpuPins: cpus.map((cpu, vcpu) => ({ vcpu, cpu })), realtimeVcpus: '', emulatorCpus: cpus.join(','), reservedCpus: '', devices: [], extraMemoryMiB: 145,
});

/** The allocation table of a host that one VM has a place on. */
function allocation(nodeName: string, name: string, cpus: readonly number[], uid: string): string {
  const { vms } = checkManifests(parseFiles([{ file: 'held', text: [image, vm(name, { vcpus: cpus.length })].join('---\n') }]), 'refuse');
  return document('RealtimeAllocation', {
    metadata: { name: nodeName },
    spec: { guests: [{ vm: { namespace: 'default', name, uid }, generation: 1, desired: 'Running', guest: guestToWire(vms[0]!.guest), placement: placement(nodeName, cpus) }] },
  });
}

const plan = (documents: readonly string[], ...args: string[]) => capturedRun(['plan', '-f', '-', ...args], { stdin: documents.join('---\n'), env: { LANG: 'C.UTF-8' } });

interface PlanReport {
  readonly items: readonly { readonly name: string; readonly placement: { readonly nodeName: string; readonly vcpuPins: readonly { readonly cpu?: number }[] } | null; readonly reasons: readonly object[] }[];
}

/** Each VM's host and pCPUs, or its reasons. */
async function planned(documents: readonly string[]): Promise<object[]> {
  const { stdout, stderr } = await plan(documents, '-o', 'json');
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as PlanReport).items.map(({ name, placement: placed, reasons }) => (
    placed === null ? { name, reasons } : { name, on: placed.nodeName, cpus: placed.vcpuPins.map(({ cpu }) => cpu) }
  ));
}

describe('rtvm plan', () => {
  it('prints placements as statuses have them', async () => {
    const { exitCode, stdout } = await plan([image, host('host-a'), vm('one', { vcpus: 2 })], '-o', 'json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ items: [{ namespace: 'default', name: 'one', placement: { ...placement('host-a', [1, 2]), emulatorCpus: '1-2' }, reasons: [] }] });
  });

  it('says the same in YAML', async () => {
    const documents = [image, host('host-a'), vm('one', { vcpus: 2 }), vm('two', { vcpus: 2 })];
    expect(load((await plan(documents, '-o', 'yaml')).stdout)).toEqual(JSON.parse((await plan(documents, '-o', 'json')).stdout));
  });

  it('plans in order, each seeing what the ones before it took, and exits with 1 where one does not fit', async () => {
    const documents = [image, host('host-a'), vm('one', { vcpus: 2 }), vm('two', { vcpus: 2 }), vm('three', { vcpus: 1 })];
    expect(await planned(documents)).toEqual([
      { name: 'one', on: 'host-a', cpus: [1, 2] },
      { name: 'two', reasons: [{ host: 'host-a', reason: 'TooFewDedicatedCpus', message: '1 free dedicated CPU on host NUMA node 0, 2 needed for guest cell 0' }] },
      { name: 'three', on: 'host-a', cpus: [3] },
    ]);
    expect((await plan(documents)).exitCode).toBe(1);
  });

  it('plans higher placementPriority first', async () => {
    expect(await planned([image, host('host-a'), vm('low', { vcpus: 2 }), vm('high', { vcpus: 2, spec: { placementPriority: 10 } })])).toEqual([
      { name: 'high', on: 'host-a', cpus: [1, 2] },
      expect.objectContaining({ name: 'low', reasons: [expect.objectContaining({ host: 'host-a' })] }),
    ]);
  });

  it('lists the reason of every host, by name', async () => {
    expect(await planned([image, host('host-b', { dedicated: '2' }), host('host-a'), vm('big', { vcpus: 4 })])).toEqual([{ name: 'big', reasons: [
      { host: 'host-a', reason: 'TooFewDedicatedCpus', message: '3 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell 0' },
      { host: 'host-b', reason: 'TooFewDedicatedCpus', message: '1 free dedicated CPU on host NUMA node 0, 4 needed for guest cell 0' },
    ] }]);
  });

  it('counts what allocations and orphans hold as taken', async () => {
    const orphan = { domain: 'rtvm-default-lost-1', uuid: '11111111-2222-4333-8444-555555555555', placement: placement('host-a', [2]) };
    expect(await planned([image, host('host-a', { orphans: [orphan] }), allocation('host-a', 'held', [1], 'uid-1'), vm('one', { vcpus: 1 })])).toEqual([{ name: 'one', on: 'host-a', cpus: [3] }]);
  });

  it('leaves a VM that has a place where it is, told by its UID or, in a file, by its name', async () => {
    expect(await planned([image, host('host-a'), allocation('host-a', 'one', [3], 'uid-1'), vm('one', { vcpus: 1 })])).toEqual([{ name: 'one', on: 'host-a', cpus: [3] }]);
    // Made anew under the same name: the place is the old one's until the agent has confirmed that it is gone.
    expect(await planned([image, host('host-a'), allocation('host-a', 'one', [3], 'uid-1'), vm('one', { vcpus: 1, uid: 'uid-2' })])).toEqual([{ name: 'one', on: 'host-a', cpus: [1] }]);
  });

  it('draws the chosen host and who was there before, and says what fits nowhere', async () => {
    const documents = [image, host('host-a'), host('host-b', { dedicated: '' }), allocation('host-a', 'held', [1], 'uid-1'), vm('one', { vcpus: 2 }), vm('big', { vcpus: 4 })];
    const { exitCode, stdout, stderr } = await plan(documents);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(`\n${stdout}`).toMatchInlineSnapshot(`
      "
      A  default/one → host-a: vCPU 0-1→2-3; emulator 2-3;
         32 MiB in 2Mi pages on node 0

      host-a: 4 CPUs, dedicated 1-3, shared 0
      ╭─ host NUMA node 0 ──────────────────────────────────╮
      │ ┌─────┐ ┌─────┐ ┌─────┐ ┌─────┐                     │
      │ │  0  │ │  1  │ │  2  │ │  3  │                     │
      │ │  ~  │ │ a0e │ │ A0e │ │ A1e │                     │
      │ └─────┘ └─────┘ └─────┘ └─────┘                     │
      │ 2Mi pages ███▓▓▓░░░░░░░░░░░░░░░░░░ 96/128 free      │
      │ memory    █▓░░░░░░░░░░░░░░░░░░░░░░ 3.4/3.7 GiB free │
      ╰─────────────────────────────────────────────────────╯
      A0 vCPU 0 of VM A  e emulator threads  ~ shared
      there before: a default/held

      default/big fits on no host:
        - 2 hosts: 0 free dedicated CPUs on host NUMA node 0, 4 needed for guest cell
          0 (host-a, host-b)

      1 of 2 VMs fit
      "
    `);
  });
});

describe('rtvm plan says how near', () => {
  const near = (numaNodes: readonly object[], caches: readonly object[] = []) => document('RealtimeNode', {
    metadata: { name: 'host-a' }, spec: { dedicatedCpus: '0-399' }, status: { topology: { numaNodes, caches } },
  });
  const node = (id: number, nodes: number, cpus: string, distances: readonly number[] = []) => ({
    id, cpus, memoryMiB: 4096, hugepages: [{ size: '2Mi', total: 512 }], ...(distances.length === nodes ? { distances } : {}),
  });

  it('the parts of a VM are', async () => {
    const { stdout } = await plan([image, near([node(0, 1, '0-399')], [{ level: 3, cpus: '0-199' }, { level: 3, cpus: '200-399' }]), vm('one', { vcpus: 2 })]);
    expect(stdout).toContain('32 MiB in 2Mi pages on node 0; vCPUs in one L3\n');
  });

  it('and where the search could not look at all', async () => {
    const distances = (one: number) => Array.from({ length: 40 }, (_, other) => (one === other ? 10 : 11 + ((one * 7 + other * 7 + one * other * 3) % 41)));
    const nodes = Array.from({ length: 40 }, (_, id) => node(id, 40, `${id * 10}-${id * 10 + 9}`, distances(id)));
    const cells = Array.from({ length: 8 }, (_, cell) => ({ vcpus: CpuSet.range(((cell + 1) * cell) / 2, ((cell + 3) * cell) / 2).toString(), memory: '4Mi' }));
    const { stdout } = await plan([image, near(nodes), vm('one', { vcpus: 36, spec: { cpu: { vcpus: 36, policy: 'Dedicated', coreSharing: 'Allow' }, numa: { cells } } })]);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('apart; nearer ones were not ruled out');
  });
});

describe('rtvm plan warns', () => {
  const smtHost = document('RealtimeNode', {
    metadata: { name: 'smt' }, spec: { dedicatedCpus: '0-7' },
    status: { topology: { cores: ['0,4', '1,5', '2,6', '3,7'], numaNodes: [{ id: 0, cpus: '0-7', memoryMiB: 4096, hugepages: [{ size: '2Mi', total: 128 }] }] } },
  });
  const realtime = (mask: string, threadPolicy = 'Prefer') => vm('one', { vcpus: 4, spec: { cpu: { vcpus: 4, policy: 'Dedicated', threadPolicy, realtime: { mask } } } });

  it.each([
    ['of housekeeping beside realtime on a core', realtime('^0'),
      'warning: default/one: housekeeping on CPU 0 of smt shares a core with realtime vCPUs on CPU 4 and slows them; threadPolicy Isolate gives each vCPU a core of its own, '
      + 'and a realtime mask that leaves whole cores to housekeeping (such as "^0-1" with two threads a core) keeps them apart too\n'],
    ['of nothing where the mask keeps them apart', realtime('^0-1'), ''],
    ['of nothing where each vCPU has a core', realtime('^0', 'Isolate'), ''],
  ])('%s', async (_, manifest, stderr) => {
    expect(await plan([image, smtHost, manifest], '-o', 'json')).toMatchObject({ exitCode: 0, stderr });
  });

  it('of books that give one CPU twice', async () => {
    const { exitCode, stderr } = await plan([image, host('host-a'), allocation('host-a', 'held', [1], 'uid-1'), vm('one', { vcpus: 1 })], '-o', 'json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const orphan = { domain: 'rtvm-default-lost-1', uuid: '11111111-2222-4333-8444-555555555555', placement: placement('host-a', [1]) };
    const twice = await plan([image, host('host-a', { orphans: [orphan] }), allocation('host-a', 'held', [1], 'uid-1'), vm('one', { vcpus: 1 })], '-o', 'json');
    expect(twice.exitCode).toBe(0);
    expect(twice.stderr).toMatch(/^warning: .*CPU 1.*\n$/);
  });
});

describe('rtvm plan refuses', () => {
  it.each([
    ['files without a VM', [host('host-a')], 'rtvm: there is no RealtimeVM in -\n'],
    ['a VM whose class is not there', [host('host-a'), document('RealtimeVM', { metadata: { name: 'one' }, spec: { className: 'none' } })],
      '<stdin>:3: spec.className: "none": no RealtimeVMClass has this name; accepted: the name of an existing RealtimeVMClass\nrtvm: the problem above must be mended first\n'],
  ])('%s', async (_, documents, stderr) => {
    expect(await plan(documents)).toEqual({ exitCode: 1, stdout: '', stderr });
  });

  it('a --host file without a RealtimeNode', async () => {
    expect(await capturedRun(['plan', '-f', 'examples/plc-vm.yaml', '--host', 'examples/probe-vm.yaml'])).toEqual({
      exitCode: 1, stdout: '', stderr: 'rtvm: there is no RealtimeNode in examples/probe-vm.yaml; "rtvm host inventory" prints one\n',
    });
  });
});
