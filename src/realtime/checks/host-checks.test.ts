import { describe, expect, it } from 'vitest';
import { CpuSet } from '../cpu-set.ts';
import { hostChecks } from './host-checks.ts';
import type { HostReadings } from './host-readings.ts';

const cpus = (list: string) => CpuSet.parse(list);
const thread = (name: string, cpu: number, fifoPriority: number) => ({ comm: `${name}/${cpu}`, cpu, fifoPriority });

/** Set up as docs/host-setup.md says: CPUs 0-1 the host's, 2-7 for guests. */
const good: HostReadings = {
  dedicatedCpus: cpus('2-7'), sharedCpus: cpus('0-1'), maxPriority: 10,
  kvmProblem: undefined, kernel: { release: '6.12.41-rt', preemptRt: true },
  isolated: cpus('2-7'), nohzFull: cpus('2-7'), rcuNocbs: undefined,
  cores: [cpus('0-1'), cpus('2-3'), cpus('4-5'), cpus('6-7')],
  numaNodes: [{ id: 0, cpus: cpus('0-3'), hugepages: 512 }, { id: 1, cpus: cpus('4-7'), hugepages: 16 }],
  rtRuntimeUs: -1, fairServer: new Map([[2, 0], [3, 0]]), rtGroups: undefined,
  serviceThreads: [thread('ktimers', 2, 11), thread('rcuc', 2, 11), thread('ksoftirqd', 2, 11)],
  memoryLock: { hardLimitKiB: 'unlimited', mayRaise: false }, clockSource: 'tsc', transparentHugepages: 'never', ksmRuns: false, swaps: [],
  governors: new Map([[2, 'performance']]), defaultIrqCpus: cpus('0-1'), irqsOnDedicated: [], irqbalanceRuns: false,
  seesFiles: true, libvirtGuestsEnabled: false, autostarted: [], stdioHandler: undefined, avoidsCpuController: false,
  kubelet: { policy: 'static', defaultCpus: cpus('0-1') }, seesControlGroups: true, foreignThreads: [], isGuest: false,
};

/** What does not pass, as `name Result: observed`. */
const complaints = (change: Partial<HostReadings>) => hostChecks({ ...good, ...change }).flatMap(({ name, result, observed }) => (result === 'Pass' ? [] : [`${name} ${result}: ${observed}`]));

describe('host checks', () => {
  it('find nothing on a host that is set up as it should be', () => {
    expect(complaints({})).toEqual([]);
  });

  it.each<[string, Partial<HostReadings>, readonly string[]]>([
    ['a container', { seesControlGroups: false }, ['control-groups Unknown: the control groups of the host cannot be seen from here']],
    ['a host where nobody has scanned threads', { foreignThreads: undefined }, []],
    ['a thread of somebody else', { foreignThreads: [{ pid: 812, tid: 813, comm: 'stress', policy: 'OTHER', priority: 0, allowedCpus: cpus('2'), why: 'pinned', cpus: cpus('2') }] }, ['foreign-threads Warn: thread stress (tid 813), pinned to pCPUs 2']],
    ['no KVM', { kvmProblem: { reason: '/dev/kvm is missing', remedy: 'modprobe kvm_amd' } }, ['kvm Fail: /dev/kvm is missing']],
    ['an ordinary kernel', { kernel: { release: '6.1.0-amd64', preemptRt: false } }, ['realtime-kernel Warn: 6.1.0-amd64, not PREEMPT_RT']],
    ['throttling, as it was', { kernel: { release: '6.1.0-rt', preemptRt: true }, rtRuntimeUs: 950_000 }, ['rt-throttling Fail: 950000: realtime threads that use all of a CPU are stopped for the rest of each second']],
    ['throttling where the fair server is', { rtRuntimeUs: 950_000 }, ['rt-throttling Warn: 950000: realtime threads that use all of a CPU are stopped for the rest of each second']],
    ['the fair server', { fairServer: new Map([[2, 50_000_000], [3, 0]]) }, ['fair-server Warn: on for CPUs 2: a starved ordinary thread gets 50 ms of each second there']],
    ['no debugfs', { fairServer: undefined }, ['fair-server Unknown: /sys/kernel/debug/sched/fair_server cannot be seen']],
    ['no debugfs, before there was a fair server', { kernel: { release: '6.11.2-rt', preemptRt: true }, fairServer: undefined }, []],
    ['realtime groups', { rtGroups: { reason: 'RT_GROUP_SCHED', remedy: 'rt_group_sched=0' } }, ['rt-group-scheduling Fail: RT_GROUP_SCHED']],
    ['realtime groups that libvirt avoids', { rtGroups: { reason: 'RT_GROUP_SCHED', remedy: '' }, avoidsCpuController: true }, []],
    ['kernel threads that are not realtime', { serviceThreads: [thread('ktimers', 2, 11), thread('ksoftirqd', 2, 0)] }, ['kernel-thread-priorities Fail: lowest: ksoftirqd/2 at no realtime priority']],
    ['kernel threads that some guests starve', { serviceThreads: [thread('ktimers', 2, 8), thread('rcuc', 2, 11)] }, ['kernel-thread-priorities Warn: lowest: ktimers/2 at FIFO 8; guests at 8 or above may starve it']],
    ['another clock', { clockSource: 'hpet' }, ['clock-source Warn: hpet']],
    ['a virtual machine', { isGuest: true }, ['bare-metal Warn: it is a virtual machine: its CPUs may be taken away from outside']],
    ['nothing dedicated', { dedicatedCpus: CpuSet.empty() }, ['dedicated-cpus Fail: dedicated none, shared 0-1']],
    ['too few isolated', { isolated: cpus('2-5') }, ['isolated-cpus Fail: isolated: 2-5; the scheduler puts ordinary tasks on 6-7 too']],
    ['shared ones isolated', { isolated: cpus('1-7') }, ['shared-cpus-balanced Fail: isolated and shared: 1']],
    ['ticks, and with them callbacks', { nohzFull: cpus('2-3') }, ['tickless-cpus Warn: nohz_full: 2-3', 'rcu-callbacks Warn: offloaded from 2-3']],
    ['ticks, callbacks offloaded by themselves', { nohzFull: CpuSet.empty(), rcuNocbs: cpus('2-7') }, ['tickless-cpus Warn: nohz_full: none']],
    ['a split core', { cores: [cpus('0,2'), cpus('1'), cpus('3'), cpus('4-5'), cpus('6-7')] }, ['whole-cores Warn: split cores: 0,2']],
    ['interrupts', { defaultIrqCpus: cpus('0-7'), irqsOnDedicated: [24], irqbalanceRuns: true }, ['interrupts Warn: new ones go to 0-7; delivered there: IRQ 24; irqbalance runs']],
    ['a slow governor', { governors: new Map([[2, 'powersave'], [3, 'performance']]) }, ['cpu-frequency Warn: CPU 2: powersave']],
    ['a kubelet that gives them away', { kubelet: { policy: 'static', defaultCpus: cpus('0-7') } }, ['kubelet-cpus Fail: pods share 0-7']],
    ['a kubelet without a CPU manager', { kubelet: { policy: 'none', defaultCpus: undefined } }, ["kubelet-cpus Warn: its CPU manager's policy is none: pods that tolerate the node's taint run on any CPU"]],
    ['no huge pages on one node', { numaNodes: [{ id: 0, cpus: cpus('0-3'), hugepages: 512 }, { id: 1, cpus: cpus('4-7'), hugepages: 0 }] }, ['huge-pages Warn: none on host NUMA node 1']],
    ['a libvirt that may lock little', { memoryLock: { hardLimitKiB: 8192, mayRaise: false } }, ['memory-lock Fail: it may lock 8192 KiB and lacks CAP_SYS_RESOURCE to raise that']],
    ['no libvirt', { memoryLock: undefined }, ['memory-lock Unknown: no libvirt daemon can be seen']],
    ['memory that moves', { transparentHugepages: 'always', ksmRuns: true, swaps: ['/dev/sda2'] }, ['transparent-hugepages Warn: always: khugepaged moves pages, and threads wait for it', 'same-page-merging Warn: ksmd runs', 'swap Warn: /dev/sda2']],
    ['services', { libvirtGuestsEnabled: true, autostarted: ['old'], stdioHandler: 'file' }, ['libvirt-guests Fail: it is enabled', 'libvirt-autostart Warn: old', 'serial-logs Warn: stdio_handler is "file": QEMU writes them itself, without any limit']],
  ])('tell of %s', (_, change, told) => {
    expect(complaints(change)).toEqual(told);
  });

  it('have a name each, and say what mends whatever does not pass', () => {
    const nothing = hostChecks({
      ...good, isolated: CpuSet.empty(), nohzFull: CpuSet.empty(), seesFiles: false, memoryLock: undefined, clockSource: undefined, rtRuntimeUs: undefined, fairServer: undefined, serviceThreads: [], defaultIrqCpus: undefined,
    });
    expect(new Set(nothing.map(({ name }) => name)).size).toBe(nothing.length);
    expect(nothing.filter(({ result }) => result === 'Unknown').length).toBeGreaterThanOrEqual(8);
    for (const { name, result, remedy = '' } of nothing) expect([name, remedy !== '']).toEqual([name, result !== 'Pass']);
  });
});
