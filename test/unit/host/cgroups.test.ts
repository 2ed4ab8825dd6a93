// The control groups of the recorded domain's process, as version 1, version 2 and both at once show them.
import { describe, expect, test } from 'vitest';
import { findCgroupTree } from '../../../src/node-agent/host/cgroup-tree.ts';
import { ProcessReader } from '../../../src/node-agent/host/process-reader.ts';
import type { ObservedGroups } from '../../../src/realtime/observed.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { HostFiles } from '../../fixtures/hosts/host-fixture.ts';

const pid = 1231;
const threads = { main: 1231, vcpu0: 1240, vcpu1: 1241 };
const domain = recordedHost('realtime-domain');
const root = 'sys/fs/cgroup';

/** The domain with `/proc/PID/…/cgroup` of these threads, and files of the tree. */
function host(groupOf: (leaf: 'emulator' | 'vcpu0' | 'vcpu1') => string, tree: Readonly<Record<string, string>>): HostFiles {
  const leaves = { main: 'emulator', vcpu0: 'vcpu0', vcpu1: 'vcpu1' } as const;
  return new Map([
    ...domain,
    [`proc/${pid}/cgroup`, groupOf('emulator')],
    ...Object.entries(threads).map(([name, tid]): [string, string] => [`proc/${pid}/task/${tid}/cgroup`, groupOf(leaves[name as keyof typeof threads])]),
    ...Object.entries(tree).map(([path, content]): [string, string] => [`${root}/${path}`, content]),
  ]);
}

function groupsOf(files: HostFiles): ObservedGroups | undefined {
  using unpacked = unpackHost(files);
  return new ProcessReader(unpacked.root).read(pid)?.groups;
}

const plain = (groups: ObservedGroups | undefined) => ({
  ...groups,
  threads: groups?.threads.map(({ cpus, ...rest }) => ({ ...rest, cpus: cpus?.toString() })),
});

describe('version 2, with systemd', () => {
  const scope = 'machine.slice/machine-qemu\\x2d1\\x2dprobe.scope';
  const leaf = (name: string) => `${scope}/libvirt/${name}`;
  const group = (path: string, files: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(files).map(([file, content]) => [`${path}/${file}`, content]));
  const tree: Readonly<Record<string, string>> = {
    'cgroup.controllers': 'cpuset cpu io memory hugetlb pids',
    ...group('machine.slice', { 'cgroup.controllers': 'cpuset cpu memory', 'cpu.max': '150000 100000' }),
    ...group(scope, {
      'cgroup.controllers': 'cpuset cpu memory', 'cpu.max': 'max 100000', 'memory.numa_stat': 'anon N0=41943040 N1=1048576\nfile N0=2097152 N1=0\nkernel_stack N0=16384 N1=0',
      'hugetlb.2MB.numa_stat': 'total=33554432 N0=33554432 N1=0',
    }),
    ...group(`${scope}/libvirt`, { 'cgroup.controllers': 'cpuset cpu', 'cpu.max': 'max 100000' }),
    ...group(leaf('emulator'), { 'cgroup.controllers': '', 'cpu.max': 'max 100000', 'cpuset.cpus.effective': '0', 'cgroup.events': 'populated 1\nfrozen 0' }),
    ...group(leaf('vcpu0'), { 'cgroup.controllers': '', 'cpu.max': '50000 100000', 'cpuset.cpus.effective': '0', 'cgroup.events': 'populated 1\nfrozen 0' }),
    ...group(leaf('vcpu1'), { 'cgroup.controllers': '', 'cpu.max': 'max 100000', 'cpuset.cpus.effective': '2', 'cgroup.events': 'populated 1\nfrozen 1' }),
  };
  const expected = {
    threads: [
      { name: 'libvirt/emulator', tids: [1231], cpus: '0', realtimeShare: undefined, frozen: false },
      { name: 'libvirt/vcpu0', tids: [1240], cpus: '0', realtimeShare: undefined, frozen: false },
      { name: 'libvirt/vcpu1', tids: [1241], cpus: '2', realtimeShare: undefined, frozen: true },
    ],
    quotas: [
      { name: 'machine.slice', cpus: 1.5, tids: [1231, 1240, 1241] },
      { name: 'libvirt/vcpu0', cpus: 0.5, tids: [1240] },
    ],
    smallKiB: new Map([[0, 43_008], [1, 1024]]),
    hugeKiB: new Map([[2048, new Map([[0, 32_768], [1, 0]])]]),
  };

  test('on the host', () => {
    expect(plain(groupsOf(host((name) => `0::/${leaf(name)}`, tree)))).toEqual(expected);
  });

  test('in a container with the host\'s tree, whose own namespace writes paths from its own group', () => {
    expect(plain(groupsOf(host((name) => `0::/../../../../${leaf(name)}`, tree)))).toEqual(expected);
  });

  test('in a container with its own tree alone: nothing is said', () => {
    const files = host((name) => `0::/../../../../${leaf(name)}`, { 'cgroup.controllers': 'cpu memory', 'cgroup.type': 'domain', 'cpu.max': 'max 100000' });
    expect(groupsOf(files)).toBeUndefined();
  });

  test('where libvirt has no cpuset, that of the next group above counts', () => {
    const without = Object.fromEntries(Object.entries(tree).filter(([path]) => !path.endsWith('vcpu1/cpuset.cpus.effective')));
    const found = groupsOf(host((name) => `0::/${leaf(name)}`, { ...without, [`${scope}/cpuset.cpus.effective`]: '0-3' }));
    expect(found?.threads[2]?.cpus?.toString()).toBe('0-3');
  });

  test('without accounts of memory, and with a group that cannot be read', () => {
    const found = groupsOf(host((name) => `0::/${leaf(name)}`, { 'cgroup.controllers': 'cpu' }));
    expect(plain(found)).toEqual({
      threads: ['emulator', 'vcpu0', 'vcpu1'].map((name, index) => ({ name: `libvirt/${name}`, tids: [Object.values(threads)[index]], cpus: undefined, realtimeShare: undefined, frozen: undefined })),
    });
  });
});

describe('version 1, each controller on its own, with hugetlb and a freezer of version 2 beside them', () => {
  const at = (name: string) => `machine/qemu-1-probe.libvirt-qemu/${name}`;
  const groupOf = (name: string) => ['5:freezer:/machine', `4:memory:/machine/qemu-1-probe.libvirt-qemu`, `3:cpuset:/${at(name)}`, `2:cpu,cpuacct:/${at(name)}`, `0::/${at(name)}`].join('\n');
  const cpu = (name: string, quota: string, runtime: string) => Object.fromEntries([['cfs_quota_us', quota], ['cfs_period_us', '100000'], ['rt_runtime_us', runtime], ['rt_period_us', '1000000']].map(([file, value]) => [`cpu,cpuacct/${name}/cpu.${file!}`, value!]));
  const tree: Readonly<Record<string, string>> = {
    ...Object.fromEntries(['freezer', 'memory', 'cpuset', 'cpu,cpuacct'].map((name) => [`${name}/release_agent`, ''])),
    'unified/cgroup.controllers': 'hugetlb',
    'freezer/machine/freezer.state': 'THAWED',
    'memory/machine/qemu-1-probe.libvirt-qemu/memory.numa_stat': 'total=10 N0=10 N1=0\nfile=4 N0=4 N1=0\nhierarchical_total=25600 N0=25590 N1=10',
    ...Object.fromEntries([['emulator', '0'], ['vcpu0', '0'], ['vcpu1', '2']].map(([name, cpus]) => [`cpuset/${at(name!)}/cpuset.effective_cpus`, cpus!])),
    ...Object.fromEntries(['emulator', 'vcpu0', 'vcpu1'].map((name) => [`unified/${at(name)}/cgroup.events`, 'populated 1\nfrozen 0'])),
    'unified/machine/qemu-1-probe.libvirt-qemu/hugetlb.1GB.numa_stat': 'total=1073741824 N0=0 N1=1073741824',
    ...cpu('machine', '-1', '950000'), ...cpu('machine/qemu-1-probe.libvirt-qemu', '200000', '950000'),
    ...cpu(at('emulator'), '-1', '0'), ...cpu(at('vcpu0'), '-1', '0'), ...cpu(at('vcpu1'), '-1', '400000'),
  };

  test('is read', () => {
    expect(plain(groupsOf(host(groupOf, tree)))).toEqual({
      threads: [
        { name: 'qemu-1-probe.libvirt-qemu/emulator', tids: [1231], cpus: '0', realtimeShare: 0, frozen: false },
        { name: 'qemu-1-probe.libvirt-qemu/vcpu0', tids: [1240], cpus: '0', realtimeShare: 0, frozen: false },
        { name: 'qemu-1-probe.libvirt-qemu/vcpu1', tids: [1241], cpus: '2', realtimeShare: 0.4, frozen: false },
      ],
      quotas: [{ name: 'machine/qemu-1-probe.libvirt-qemu', cpus: 2, tids: [1231, 1240, 1241] }],
      smallKiB: new Map([[0, 102_360], [1, 40]]),
      hugeKiB: new Map([[1_048_576, new Map([[0, 0], [1, 1_048_576]])]]),
    });
  });

  test.each(['FROZEN', 'FREEZING'])('%s shows', (state) => {
    expect(groupsOf(host(groupOf, { ...tree, 'freezer/machine/freezer.state': state }))?.threads.map(({ frozen }) => frozen)).toEqual([true, true, true]);
  });

  test('a root group has no quota, no freezer and no share of its own', () => {
    const found = groupsOf(host(() => ['5:freezer:/', '4:memory:/', '3:cpuset:/', '2:cpu,cpuacct:/'].join('\n'), { ...Object.fromEntries(['freezer', 'memory', 'cpuset', 'cpu,cpuacct'].map((name) => [`${name}/release_agent`, ''])), 'cpuset/cpuset.effective_cpus': '0-7' }));
    expect(plain(found)).toEqual({ threads: [{ name: '/', tids: [1231, 1240, 1241], cpus: '0-7', realtimeShare: undefined, frozen: false }], quotas: [] });
  });
});

test('the tree is the host\'s own, where it is that of a machine', () => {
  using none = unpackHost(new Map([['sys/fs/cgroup/unrelated/file', '']]));
  expect(findCgroupTree(none.root)).toBeUndefined();
});
