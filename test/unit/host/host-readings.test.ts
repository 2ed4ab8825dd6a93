// What host checks read: of a recorded realtime host, with what its files would say besides.
import { describe, expect, it } from 'vitest';
import { readHostReadings } from '../../../src/node-agent/host/host-readings.ts';
import { readTopology } from '../../../src/node-agent/host/topology.ts';
import { hostChecks } from '../../../src/realtime/checks/host-checks.ts';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';

const use = { dedicatedCpus: CpuSet.parse('2-3,6-7'), sharedCpus: CpuSet.parse('0-1,4-5'), maxPriority: 49 };
const stat = (pid: number, comm: string, priority: number, policy: number) => `${pid} (${comm}) S 2 0 0 0 -1 69238848 0 0 0 0 0 0 0 0 -2 0 1 0 14 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 17 2 ${priority} ${policy} 0 0 0 0 0 0 0 0 0 0 0`;

function readings(files: Readonly<Record<string, string>> = {}) {
  using host = unpackHost(new Map([...recordedHost('realtime-two-sockets'), ...Object.entries(files)]));
  return readHostReadings(host.root, readTopology(host.root), use);
}

describe('readings of a host', () => {
  it('are what a recorded realtime host says, and what it does not show is not known', () => {
    const found = readings();
    expect(found).toMatchObject({ kvmProblem: undefined, kernel: { preemptRt: true }, memoryLock: undefined, clockSource: undefined, fairServer: undefined, seesFiles: false, kubelet: undefined, defaultIrqCpus: undefined, serviceThreads: [] });
    expect(found.isolated.toString()).toBe('2-3,6-7');
    expect(found.numaNodes.map(({ hugepages }) => hugepages)).toEqual([128, 128]);
    expect(hostChecks(found).filter(({ result }) => result === 'Fail')).toEqual([]);
  });

  it('find processes, files, interrupts and services', () => {
    const found = readings({
      'proc/17/comm': 'ktimers/2', 'proc/17/stat': stat(17, 'ktimers/2', 4, 1),
      'proc/18/comm': 'ksoftirqd/2', 'proc/18/stat': stat(18, 'ksoftirqd/2', 0, 0),
      'proc/19/comm': 'ktimers/0', 'proc/19/stat': stat(19, 'ktimers/0', 1, 1),
      'proc/700/comm': 'virtqemud', 'proc/700/limits': 'Max locked memory         8388608              8388608              bytes     ', 'proc/700/status': 'CapEff:\t0000000001000000',
      'proc/701/comm': 'irqbalance',
      'proc/irq/default_smp_affinity': 'ff', 'proc/irq/24/effective_affinity_list': '3', 'proc/irq/25/effective_affinity_list': '0-1', 'proc/irq/26/effective_affinity_list': '',
      'proc/sys/kernel/sched_rt_runtime_us': '-1', 'proc/swaps': 'Filename\t\t\t\tType\t\tSize\n/dev/vda2                               partition\t1048572',
      'sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc', 'sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never', 'sys/kernel/mm/ksm/run': '1',
      'sys/devices/system/cpu/cpu2/cpufreq/scaling_governor': 'powersave', 'sys/kernel/debug/sched/fair_server/cpu2/runtime': '50000000',
      'proc/1/root/etc/libvirt/qemu.conf': '# stdio_handler = "logd"\nstdio_handler = "file"\ncgroup_controllers = [ "devices",\n "memory", "cpuset", "cpuacct" ]',
      'proc/1/root/etc/libvirt/qemu/autostart/old.xml': '<domain/>', 'proc/1/root/etc/systemd/system/multi-user.target.wants/libvirt-guests.service': '',
      'proc/1/root/var/lib/kubelet/cpu_manager_state': '{"policyName":"static","defaultCpuSet":"0-1,4-5","checksum":1}',
    });
    expect(found).toMatchObject({
      serviceThreads: [{ comm: 'ktimers/2', cpu: 2, fifoPriority: 4 }, { comm: 'ksoftirqd/2', cpu: 2, fifoPriority: 0 }],
      memoryLock: { hardLimitKiB: 8192, mayRaise: true }, irqbalanceRuns: true, irqsOnDedicated: [24], rtRuntimeUs: -1, swaps: ['/dev/vda2'], clockSource: 'tsc', transparentHugepages: 'madvise', ksmRuns: true,
      governors: new Map([[2, 'powersave']]), fairServer: new Map([[2, 50_000_000]]), seesFiles: true, stdioHandler: 'file', avoidsCpuController: true, autostarted: ['old'], libvirtGuestsEnabled: true, kubelet: { policy: 'static' },
    });
    expect([found.defaultIrqCpus, found.kubelet?.defaultCpus].map(String)).toEqual(['0-7', '0-1,4-5']);
  });
});
