/**
 * Reads what host checks look at. The host's own files (of libvirt, systemd, kubelet) are read through the root of process 1, which is
 * the host's for whoever shares its process ids, in a container too.
 */
import { join } from 'node:path';
import type { HostReadings, ServiceThread } from '../../realtime/checks/host-readings.ts';
import { CpuSet } from '../../realtime/cpu-set.ts';
import type { HostInventory } from '../../realtime/host.ts';
import { findCgroupTree } from './cgroup-tree.ts';
import { readCpuFlags } from './cpu-flags.ts';
import { HostError } from './host-error.ts';
import { listNames, listNumbered, readCpuList, readText } from './host-root.ts';
import type { HostRoot } from './host-root.ts';
import { readMemoryLock } from './memory-lock.ts';
import { readLiveStat } from './process.ts';
import { readRtGroupScheduling } from './rt-group.ts';
import type { HostTopology } from './topology.ts';
import { readKernelVersion } from './versions.ts';
import { readVirtualization } from './virtualization.ts';

/** What an administrator has decided. */
export type HostUse = Pick<HostInventory, 'dedicatedCpus' | 'sharedCpus' | 'maxPriority'>;

/** @throws HostError where sysfs or procfs are not there. */
export function readHostReadings(root: HostRoot, topology: HostTopology, { dedicatedCpus, sharedCpus, maxPriority }: HostUse): HostReadings {
  const virtualization = readVirtualization(root);
  const rtGroups = readRtGroupScheduling(root);
  const cpus = dedicatedCpus.toArray();
  const processes = namedProcesses(root);
  const files = join(root.proc, '1/root');
  const seesFiles = seen(() => listNames(join(files, 'etc')))?.some((name) => name === 'systemd' || name === 'libvirt') === true;
  const qemuConf = seen(() => readText(join(files, 'etc/libvirt/qemu.conf'))) ?? '';
  const daemon = [...processes].find(([, comm]) => comm === 'virtqemud' || comm === 'libvirtd')?.[0];
  const controllers = /^\s*cgroup_controllers\s*=\s*\[([^\]]*)\]/m.exec(qemuConf)?.[1];
  return {
    dedicatedCpus, sharedCpus, maxPriority,
    kvmProblem: virtualization.kvm ? undefined : virtualization,
    kernel: readKernelVersion(root),
    isolated: topology.isolated,
    nohzFull: topology.nohzFull,
    rcuNocbs: cpusOnCommandLine(root, 'rcu_nocbs'),
    cores: topology.cores,
    numaNodes: topology.numaNodes.map(({ id, cpus: ofNode, hugepages }) => ({ id, cpus: ofNode, hugepages: hugepages.reduce((sum, { total }) => sum + total, 0) })),
    rtRuntimeUs: numberIn(join(root.proc, 'sys/kernel/sched_rt_runtime_us')),
    fairServer: fairServers(root, cpus),
    rtGroups: rtGroups.blocksFifo ? rtGroups : undefined,
    serviceThreads: serviceThreads(root, processes, dedicatedCpus),
    memoryLock: daemon === undefined ? undefined : seen(() => readMemoryLock(root, daemon)),
    clockSource: seen(() => readText(join(root.sys, 'devices/system/clocksource/clocksource0/current_clocksource'))),
    transparentHugepages: /\[(\w+)\]/.exec(seen(() => readText(join(root.sys, 'kernel/mm/transparent_hugepage/enabled'))) ?? '')?.[1],
    ksmRuns: numberIn(join(root.sys, 'kernel/mm/ksm/run')) === 1,
    swaps: (seen(() => readText(join(root.proc, 'swaps'))) ?? '').split('\n').slice(1).flatMap((line) => /^\S+/.exec(line)?.[0] ?? []),
    governors: new Map(cpus.flatMap((cpu): [number, string][] => {
      const name = seen(() => readText(join(root.sys, `devices/system/cpu/cpu${cpu}/cpufreq/scaling_governor`)));
      return name === undefined ? [] : [[cpu, name]];
    })),
    defaultIrqCpus: cpusOfMask(seen(() => readText(join(root.proc, 'irq/default_smp_affinity')))),
    irqsOnDedicated: listNumbered(join(root.proc, 'irq'), '').filter((irq) => seen(() => readCpuList(join(root.proc, `irq/${irq}/effective_affinity_list`)))?.intersection(dedicatedCpus).isEmpty === false),
    irqbalanceRuns: [...processes.values()].includes('irqbalance'),
    seesFiles,
    libvirtGuestsEnabled: (seen(() => listNames(join(files, 'etc/systemd/system'))) ?? []).some((name) => name.endsWith('.wants') && listNames(join(files, 'etc/systemd/system', name)).includes('libvirt-guests.service')),
    autostarted: (seen(() => listNames(join(files, 'etc/libvirt/qemu/autostart'))) ?? []).flatMap((name) => (name.endsWith('.xml') ? [name.slice(0, -'.xml'.length)] : [])),
    stdioHandler: /^\s*stdio_handler\s*=\s*"(\w+)"/m.exec(qemuConf)?.[1],
    avoidsCpuController: controllers !== undefined && !/"cpu"/.test(controllers),
    kubelet: kubelet(files),
    seesControlGroups: findCgroupTree(root) !== undefined,
    isGuest: readCpuFlags(root).has('hypervisor'),
  };
}

/** What this user may not read is not known, and no error: a check says so. */
function seen<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

function numberIn(path: string): number | undefined {
  const text = seen(() => readText(path));
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** By pid, the names of all processes and kernel threads. */
function namedProcesses(root: HostRoot): ReadonlyMap<number, string> {
  return new Map(listNumbered(root.proc, '').flatMap((pid): [number, string][] => {
    const comm = seen(() => readText(join(root.proc, String(pid), 'comm')));
    return comm === undefined ? [] : [[pid, comm]];
  }));
}

function serviceThreads(root: HostRoot, processes: ReadonlyMap<number, string>, cpus: CpuSet): readonly ServiceThread[] {
  return [...processes].flatMap(([pid, comm]): ServiceThread[] => {
    const cpu = Number(/^(?:ktimers|rcuc|ksoftirqd)\/(\d+)$/.exec(comm)?.[1]);
    const stat = cpus.has(cpu) ? seen(() => readLiveStat(join(root.proc, String(pid)))) : undefined;
    return stat === undefined ? [] : [{ comm, cpu, fifoPriority: stat.policy === 'FIFO' ? stat.priority : 0 }];
  });
}

function fairServers(root: HostRoot, cpus: readonly number[]): ReadonlyMap<number, number> | undefined {
  const runtimes = cpus.flatMap((cpu): [number, number][] => {
    const runtime = numberIn(join(root.sys, `kernel/debug/sched/fair_server/cpu${cpu}/runtime`));
    return runtime === undefined ? [] : [[cpu, runtime]];
  });
  return runtimes.length === 0 ? undefined : new Map(runtimes);
}

/** `rcu_nocbs=2-7`; modifiers such as `all` are not lists, and then nothing is known. */
function cpusOnCommandLine(root: HostRoot, option: string): CpuSet | undefined {
  const list = new RegExp(`(?:^|\\s)${option}=([0-9,-]+)(?:\\s|$)`).exec(readText(join(root.proc, 'cmdline')) ?? '')?.[1];
  return list === undefined ? undefined : CpuSet.parse(list);
}

/** `ff,00000003`: words of 32 CPUs, the highest first. */
function cpusOfMask(mask: string | undefined): CpuSet | undefined {
  if (mask === undefined || !/^[0-9a-f]{1,8}(,[0-9a-f]{8})*$/i.test(mask)) return undefined;
  const bits = BigInt(`0x${mask.replaceAll(',', '')}`);
  return CpuSet.of(...Array.from({ length: bits.toString(2).length }, (_, cpu) => cpu).filter((cpu) => (bits >> BigInt(cpu) & 1n) === 1n));
}

/** Its CPU manager's checkpoint, as kubelet keeps it. */
function kubelet(files: string): HostReadings['kubelet'] {
  const text = seen(() => readText(join(files, 'var/lib/kubelet/cpu_manager_state')));
  if (text === undefined) return undefined;
  const [policy, cpus] = ['policyName', 'defaultCpuSet'].map((key) => new RegExp(`"${key}"\\s*:\\s*"([^"]*)"`).exec(text)?.[1]);
  return { policy: policy ?? 'unknown', defaultCpus: cpus === undefined || !/^[0-9]+([,-][0-9]+)*$/.test(cpus) ? undefined : CpuSet.parse(cpus) };
}
