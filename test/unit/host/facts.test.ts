import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readCpuFlags } from '../../../src/node-agent/host/cpu-flags.ts';
import { hostFactsOfCpuFlags } from '../../../src/realtime/domain/host-facts.ts';
import { readMemoryLock } from '../../../src/node-agent/host/memory-lock.ts';
import { readCgroupVersion, readRtGroupScheduling } from '../../../src/node-agent/host/rt-group.ts';
import { readKernelVersion } from '../../../src/node-agent/host/versions.ts';
import { readVirtualization } from '../../../src/node-agent/host/virtualization.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';
import type { HostFiles } from '../../fixtures/hosts/host-fixture.ts';

const small = recordedHost('two-cpus');
const realtime = recordedHost('realtime-two-sockets');

function factsOf<Fact>(files: HostFiles, read: (root: ReturnType<typeof unpackHost>['root']) => Fact): Fact {
  using host = unpackHost(files);
  return read(host.root);
}

function without(files: HostFiles, path: string): HostFiles {
  return new Map([...files].filter(([name]) => name !== path));
}

describe('kernel', () => {
  test.each([
    { files: small, expected: { release: '6.18.44-fc-v657', version: '#1 SMP PREEMPT_DYNAMIC @0', preemptRt: false } },
    { files: realtime, expected: { release: '6.12.107+deb13-rt-amd64', version: '#1 SMP PREEMPT_RT Debian 6.12.107-1 (2026-08-29)', preemptRt: true } },
    { files: without(realtime, 'sys/kernel/realtime'), expected: { release: '6.12.107+deb13-rt-amd64', version: '#1 SMP PREEMPT_RT Debian 6.12.107-1 (2026-08-29)', preemptRt: true } },
  ])('$expected', ({ files, expected }) => {
    expect(factsOf(files, readKernelVersion)).toEqual(expected);
  });
});

describe('KVM', () => {
  test('is there', () => {
    expect(factsOf(small, readVirtualization)).toEqual({ kvm: true });
  });

  test('is there for libvirt, outside of a container that has no such device', () => {
    expect(factsOf(new Map([...without(small, 'dev/kvm'), ['sys/class/misc/kvm/dev', '10:232']]), readVirtualization)).toEqual({ kvm: true });
  });

  test.each([
    ['svm', 'is missing', 'load the module: modprobe kvm_amd'],
    ['vmx', 'is missing', 'load the module: modprobe kvm_intel'],
    ['fpu', 'is missing and the CPU shows neither vmx nor svm', 'switch virtualization on in the firmware (VT-x, AMD-V/SVM), or nested virtualization on the outer host, and boot again'],
  ])('is missing on a CPU with %s', (flag, why, remedy) => {
    using host = unpackHost(new Map([...without(small, 'dev/kvm'), ['proc/cpuinfo', `processor\t: 0\nflags\t\t: tsc ${flag} sse2`]]));
    expect(readVirtualization(host.root)).toEqual({ kvm: false, reason: `${join(host.root.dev, 'kvm')} ${why}`, remedy });
  });
});

test.each([[small, true], [realtime, true], [without(small, 'proc/cpuinfo'), false]])('invariant TSC', (files, expected) => {
  expect(factsOf(files, (root) => hostFactsOfCpuFlags(readCpuFlags(root)).invariantTsc)).toBe(expected);
});

describe('realtime group scheduling', () => {
  const v1 = (path: string) => new Map([...without(small, 'sys/fs/cgroup/cpu/cpu.rt_runtime_us'), [path, '950000']]);
  const v2 = (commandLine: string) => new Map([...realtime, ['proc/cmdline', commandLine]]);
  const configuration = (...lines: string[]) => `#\n# Linux\n#\n${lines.join('\n')}\n`;
  const built = configuration('CONFIG_CGROUPS=y', 'CONFIG_RT_GROUP_SCHED=y', '# CONFIG_RT_GROUP_SCHED_DEFAULT_DISABLED is not set');

  test.each<{ title: string; files: HostFiles; kernelConfiguration?: string; cgroup: 1 | 2; blocks: boolean }>([
    { title: 'cgroup v1 with it', files: small, cgroup: 1, blocks: true },
    { title: 'cgroup v1 with it, controllers mounted together', files: v1('sys/fs/cgroup/cpu,cpuacct/cpu.rt_runtime_us'), cgroup: 1, blocks: true },
    { title: 'cgroup v1 without it', files: without(small, 'sys/fs/cgroup/cpu/cpu.rt_runtime_us'), cgroup: 1, blocks: false },
    { title: 'cgroup v2, configuration not shown', files: realtime, cgroup: 2, blocks: false },
    { title: 'cgroup v2 without it', files: realtime, kernelConfiguration: configuration('# CONFIG_RT_GROUP_SCHED is not set'), cgroup: 2, blocks: false },
    { title: 'cgroup v2 with it', files: realtime, kernelConfiguration: built, cgroup: 2, blocks: true },
    { title: 'cgroup v2 with it, off by default', files: realtime, kernelConfiguration: `${built}CONFIG_RT_GROUP_SCHED_DEFAULT_DISABLED=y\n`, cgroup: 2, blocks: false },
    { title: 'cgroup v2 with it, switched off at boot', files: v2('quiet rt_group_sched=0'), kernelConfiguration: built, cgroup: 2, blocks: false },
    { title: 'cgroup v2, switched on at boot', files: v2('rt_group_sched=1 quiet'), cgroup: 2, blocks: true },
    { title: 'cgroup v2 without the cpu controller', files: new Map([...realtime, ['sys/fs/cgroup/cgroup.controllers', 'cpuset memory']]), kernelConfiguration: built, cgroup: 2, blocks: false },
  ])('$title', ({ files, kernelConfiguration, cgroup, blocks }) => {
    using host = unpackHost(files);
    if (kernelConfiguration !== undefined) writeFileSync(join(host.root.proc, 'config.gz'), gzipSync(kernelConfiguration));
    expect([readCgroupVersion(host.root), readRtGroupScheduling(host.root).blocksFifo]).toEqual([cgroup, blocks]);
  });
});

describe('memory lock', () => {
  const limits = (hard: string) => `Limit                     Soft Limit           Hard Limit           Units     \nMax locked memory         65536                ${hard.padEnd(20)} bytes     \nMax file locks            unlimited            unlimited            locks     `;
  test.each([
    ['8388608', '000001ffffffffff', { hardLimitKiB: 8192, mayRaise: true }],
    ['unlimited', '0000000000000000', { hardLimitKiB: 'unlimited', mayRaise: false }],
    ['8388608', '000001fffeffffff', { hardLimitKiB: 8192, mayRaise: false }],
  ])('hard limit %s, capabilities %s', (hard, capabilities, expected) => {
    const files = new Map([['proc/7/limits', limits(hard)], ['proc/7/status', `Name:\tlibvirtd\nCapPrm:\t0000000000000000\nCapEff:\t${capabilities}`]]);
    expect(factsOf(files, (root) => readMemoryLock(root, 7))).toEqual(expected);
  });

  test('of a process that is gone', () => {
    expect(factsOf(small, (root) => readMemoryLock(root, 7))).toBeUndefined();
  });
});
