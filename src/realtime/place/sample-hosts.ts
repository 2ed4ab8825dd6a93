/** Hosts and guests from a few figures, for tests and benches; CPU lists in the kernel's notation. */
import { CpuSet, unionOf } from '../cpu-set.ts';
import { allVcpus } from '../guest.ts';
import type { Guest, GuestEmulatorThreads } from '../guest.ts';
import { defaultMaxPriority, defaultVcpusPerSharedCpu } from '../host.ts';
import type { HostHugepages, HostInventory } from '../host.ts';
import type { VcpuId } from '../ids.ts';
import { numaNodeId } from '../ids.ts';
import type { HeldPlacement } from '../placement.ts';
import type { CoreSharing, CpuPolicy, PageSize, ThreadPolicy } from '../spec.ts';

export interface SampleHost {
  readonly name?: string;
  /** CPUs of each host NUMA node. */
  readonly nodes: readonly string[];
  /** SMT sibling sets; absent: no SMT. */
  readonly cores?: readonly string[];
  /** Absent: every CPU that is not shared. */
  readonly dedicated?: string;
  readonly shared?: string;
  /** Of every node. */
  readonly memoryMiB?: number;
  readonly hugepages?: readonly Pick<HostHugepages, 'sizeKiB' | 'total'>[];
  readonly rest?: Partial<HostInventory>;
}

export function sampleHost({ name = 'host', nodes, cores, dedicated, shared = '', memoryMiB = 65_536, hugepages = [], rest = {} }: SampleHost): HostInventory {
  const nodeCpus = nodes.map((cpus) => CpuSet.parse(cpus));
  const all = unionOf(nodeCpus);
  const sharedCpus = CpuSet.parse(shared);
  return {
    name,
    labels: {},
    numaNodes: nodeCpus.map((cpus, id) => ({
      id: numaNodeId(id), cpus, memoryMiB, distances: nodeCpus.map((_, other) => (other === id ? 10 : 21)), hugepages: hugepages.map((pages) => ({ ...pages, free: pages.total })),
    })),
    cores: cores?.map((core) => CpuSet.parse(core)) ?? all.toArray().map((cpu) => CpuSet.of(cpu)),
    caches: [],
    dedicatedCpus: dedicated === undefined ? all.minus(sharedCpus) : CpuSet.parse(dedicated),
    sharedCpus,
    vcpusPerSharedCpu: defaultVcpusPerSharedCpu,
    reservedHugepages: [],
    unschedulable: false,
    maxPriority: defaultMaxPriority,
    networks: [],
    deviceClasses: [],
    ...rest,
  };
}

export interface SampleGuest {
  readonly vcpus: number;
  /** Absent: Dedicated. */
  readonly policy?: CpuPolicy;
  readonly threadPolicy?: ThreadPolicy;
  /** Absent: Allow. */
  readonly coreSharing?: CoreSharing;
  /** Absent: Housekeeping with realtime, else Vcpus. */
  readonly emulatorThreads?: GuestEmulatorThreads;
  /** Dedicated vCPUs of a Mixed guest. */
  readonly dedicated?: string;
  readonly realtime?: string;
  readonly priority?: number;
  readonly memoryMiB?: number;
  readonly pageSize?: PageSize;
  /** vCPUs of each guest cell, memory even; absent: one cell, or none for Shared. */
  readonly cells?: readonly string[];
  readonly rest?: Partial<Guest>;
}

export function sampleGuest(sample: SampleGuest): Guest {
  const { vcpus, policy = 'Dedicated', threadPolicy = 'Prefer', coreSharing = 'Allow', dedicated = '', realtime, priority = 1, memoryMiB = 512, pageSize = 'Small', rest = {} } = sample;
  const cells = sample.cells?.map((cell) => CpuSet.parse<VcpuId>(cell)) ?? (policy === 'Shared' ? [] : [allVcpus(vcpus)]);
  return {
    cpu: {
      vcpus,
      policy,
      threadPolicy,
      coreSharing,
      emulatorThreads: sample.emulatorThreads ?? (realtime === undefined ? 'Vcpus' : 'Housekeeping'),
      dedicatedVcpus: policy === 'Dedicated' ? allVcpus(vcpus) : CpuSet.parse<VcpuId>(dedicated),
      topology: { sockets: 1, cores: vcpus, threads: 1 },
      model: 'host-passthrough',
      ...(realtime === undefined ? {} : { realtime: { vcpus: CpuSet.parse<VcpuId>(realtime), priority } }),
    },
    memory: { sizeMiB: memoryMiB, pageSize, locked: realtime !== undefined },
    cells: cells.map((set) => ({ vcpus: set, memoryMiB: memoryMiB / cells.length })),
    boot: { kind: 'firmware', type: 'BIOS' },
    disks: [],
    networks: [],
    hostDevices: [],
    ioThreads: 0,
    uuid: '00000000-0000-4000-8000-000000000000',
    packing: 'Spread',
    nodeSelector: {},
    runStrategy: 'Always',
    terminationGracePeriodSeconds: 30,
    inline: false,
    ...rest,
  };
}

/** Something that holds these CPUs of a host, and nothing else. */
export function claimedCpus(host: string, cpus: string, uid = 'other'): HeldPlacement {
  return {
    uid,
    placement: {
      host, cells: [], vcpuPins: [], realtimeVcpus: CpuSet.empty(), emulatorCpus: CpuSet.empty(), reservedCpus: CpuSet.parse(cpus), devices: [], extraMemoryMiB: 0,
    },
  };
}
