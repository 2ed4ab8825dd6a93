/** Random small hosts and guests: small enough to try everything on, crooked enough to meet every rule. */
import fc from 'fast-check';
import { CpuSet } from '../../../src/realtime/cpu-set.ts';
import type { Guest } from '../../../src/realtime/guest.ts';
import type { HostDevice, HostInventory } from '../../../src/realtime/host.ts';
import { numaNodeId } from '../../../src/realtime/ids.ts';
import type { HostDeviceSpec, PageSize, Packing } from '../../../src/realtime/spec.ts';
import { sampleGuest, sampleHost } from '../../../src/realtime/place/sample-hosts.ts';

const cpuUse = fc.constantFrom('dedicated', 'dedicated', 'dedicated', 'dedicated', 'shared', 'none');

/** 1 to 3 host NUMA nodes of 1 to 6 CPUs, cores of 1, 2 or 4 threads (the last of a node may be smaller), numbered in either way. */
export const hostArbitrary = (name: string): fc.Arbitrary<HostInventory> => fc.record({
  threads: fc.constantFrom(1, 2, 2, 4),
  striped: fc.boolean(),
  nodeSizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
  uses: fc.array(cpuUse, { minLength: 18, maxLength: 18 }),
  memoryGiB: fc.integer({ min: 1, max: 4 }),
  pages: fc.constantFrom([], [{ sizeKiB: 2048, total: 192 }], [{ sizeKiB: 2048, total: 256 }, { sizeKiB: 1_048_576, total: 1 }]),
  reserved: fc.constantFrom(0, 64),
  ratio: fc.constantFrom(1, 2, 4),
  unschedulable: fc.constantFrom(false, false, false, false, true),
  zone: fc.constantFrom('a', 'b'),
  latency: fc.constantFrom(undefined, 20, 80),
  devices: fc.array(fc.record({ index: fc.integer({ min: 0, max: 3 }), pool: fc.constantFrom('nic', 'gpu', 'vf') }), { maxLength: 5 }),
  deviceNodes: fc.array(fc.constantFrom(undefined, 0, 1, 2), { minLength: 4, maxLength: 4 }),
  distances: fc.constantFrom(undefined, undefined, [21, 12, 32], [32, 21, 12], [12, 12, 32]),
  /** How many cores share an L3; 0: nothing is published. */
  l3Cores: fc.constantFrom(0, 0, 1, 2),
}).map(({ threads, striped, nodeSizes, uses, memoryGiB, pages, reserved, ratio, unschedulable, zone, latency, devices, deviceNodes, distances, l3Cores }) => {
  const total = nodeSizes.reduce((sum, size) => sum + size, 0);
  const slots = nodeSizes.flatMap((size, node) => Array.from({ length: size }, (_, index) => ({ node, core: Math.floor(index / threads), thread: index % threads })));
  // Striped as most firmware does it: first all first threads, then all second ones.
  const order = slots.map((_, index) => index);
  if (striped) order.sort((one, other) => slots[one]!.thread - slots[other]!.thread || one - other);
  const numberOf = new Map(order.map((slot, cpu) => [slot, cpu]));
  const numbered = slots.map((slot, index) => ({ ...slot, cpu: numberOf.get(index)! }));
  const cpusWhere = (holds: (slot: (typeof numbered)[number]) => boolean) => CpuSet.from(numbered.filter(holds).map(({ cpu }) => cpu)).toString();
  const cores = new Set(numbered.map(({ node, core }) => `${node} ${core}`));
  const deviceAt = (numaNode: number | undefined) => (numaNode === undefined || numaNode >= nodeSizes.length ? {} : { numaNode: numaNodeId(numaNode) });
  const pool = (wanted: string): HostDevice[] => devices.filter((device) => device.pool === wanted).filter((device, index, all) => all.findIndex((other) => other.index === device.index) === index)
    .map(({ index }) => ({ address: `0000:3b:00.${index}`, ...deviceAt(deviceNodes[index]) }));
  const caches = l3Cores === 0 ? [] : [...Map.groupBy(numbered, ({ node, core }) => `${node} ${Math.floor(core / l3Cores)}`).values()]
    .map((slotsOfOne) => ({ level: 3, cpus: CpuSet.from(slotsOfOne.map(({ cpu }) => cpu)) }));
  const inventory = sampleHost({
    name,
    nodes: nodeSizes.map((_, node) => cpusWhere((slot) => slot.node === node)),
    cores: [...cores].map((key) => cpusWhere(({ node, core }) => `${node} ${core}` === key)),
    dedicated: CpuSet.from(Array.from({ length: total }, (_, cpu) => cpu).filter((cpu) => uses[cpu] === 'dedicated')).toString(),
    shared: CpuSet.from(Array.from({ length: total }, (_, cpu) => cpu).filter((cpu) => uses[cpu] === 'shared')).toString(),
    memoryMiB: memoryGiB * 1024 + (pages.length > 1 ? 1024 : 0),
    hugepages: pages,
    rest: {
      reservedHugepages: reserved > 0 && pages.length > 0 ? [{ numaNode: numaNodeId(0), sizeKiB: 2048, count: reserved }] : [],
      vcpusPerSharedCpu: ratio,
      unschedulable,
      caches,
      labels: { zone },
      ...(latency === undefined ? {} : { latencyMicroseconds: latency }),
      deviceClasses: [{ name: 'nic', devices: pool('nic') }, { name: 'gpu', devices: pool('gpu') }],
      networks: [{ name: 'fast', openToInline: true, kind: 'sriov', devices: pool('vf') }, { name: 'lan', openToInline: false, kind: 'bridge', bridge: 'br0' }],
    },
  });
  if (distances === undefined) return inventory;
  // Of nodes 0 and 1, 0 and 2, 1 and 2.
  const between = (one: number, other: number) => (one === other ? 10 : distances[one + other - 1]!);
  return { ...inventory, numaNodes: inventory.numaNodes.map((node) => ({ ...node, distances: nodeSizes.map((_, other) => between(node.id, other)) })) };
});

type Wanted = readonly [name: string, affinity: HostDeviceSpec['numaAffinity']];

const subset = (vcpus: number, bits: number) => CpuSet.from(Array.from({ length: vcpus }, (_, vcpu) => vcpu).filter((vcpu) => ((bits >>> vcpu) & 1) === 1));

export const guestArbitrary: fc.Arbitrary<Guest> = fc.record({
  vcpus: fc.integer({ min: 1, max: 4 }),
  policy: fc.constantFrom('Dedicated', 'Dedicated', 'Mixed', 'Shared'),
  threadPolicy: fc.constantFrom('Prefer', 'Prefer', 'Require', 'Isolate'),
  coreSharing: fc.constantFrom('Allow', 'Forbid'),
  emulator: fc.constantFrom('Housekeeping', 'Isolate', 'Share', 'Vcpus'),
  realtime: fc.boolean(),
  mask: fc.integer({ min: 0, max: 15 }),
  priority: fc.constantFrom(1, 1, 1, 60),
  cells: fc.constantFrom(0, 1, 1, 2, 3),
  uneven: fc.boolean(),
  memory: fc.constantFrom(6, 96, 192, 384, 1024, 3072),
  pageSize: fc.constantFrom<PageSize[]>('Small', 'Large', 'Any', '2Mi', '1Gi'),
  packing: fc.constantFrom<Packing[]>('Spread', 'Pack'),
  selector: fc.constantFrom<Readonly<Record<string, string>>[]>({}, {}, {}, { zone: 'a' }),
  latency: fc.constantFrom(undefined, undefined, undefined, 50),
  networks: fc.constantFrom<string[][]>([], [], [], ['fast'], ['lan'], ['fast', 'fast']),
  devices: fc.constantFrom<Wanted[][]>([], [], [], [['nic', 'Required']], [['nic', 'Preferred'], ['gpu', 'Required']], [['gpu', 'Preferred']]),
  inline: fc.constantFrom(false, false, true),
}).map((random): Guest => {
  const { vcpus } = random;
  const masked = subset(vcpus, random.mask);
  const policy = random.policy === 'Mixed' && (masked.isEmpty || masked.size === vcpus) ? 'Dedicated' : random.policy;
  const realtime = random.realtime && policy !== 'Shared' && !masked.isEmpty && (masked.size < vcpus || random.emulator === 'Isolate' || random.emulator === 'Share');
  const off = random.emulator === 'Isolate' && policy !== 'Shared' ? 'Isolate' : random.emulator === 'Share' ? 'Share' : undefined;
  const cells = Math.min(vcpus, policy === 'Shared' ? random.cells : Math.max(1, random.cells));
  const first = random.uneven ? 1 : Math.ceil(vcpus / Math.max(1, cells));
  const bounds = Array.from({ length: cells + 1 }, (_, cell) => (cell === 0 ? 0 : cell === cells ? vcpus : Math.min(first + (cell - 1), vcpus - (cells - cell))));
  return sampleGuest({
    vcpus,
    policy,
    threadPolicy: policy === 'Shared' ? 'Prefer' : random.threadPolicy,
    coreSharing: random.coreSharing,
    emulatorThreads: off ?? (realtime ? 'Housekeeping' : 'Vcpus'),
    dedicated: policy === 'Mixed' ? masked.toString() : '',
    ...(realtime ? { realtime: masked.toString(), priority: random.priority } : {}),
    memoryMiB: random.memory * Math.max(1, cells),
    pageSize: cells === 0 ? 'Small' : random.pageSize,
    cells: bounds.slice(0, cells).map((from, cell) => CpuSet.range(from, bounds[cell + 1]! - 1).toString()),
    rest: {
      packing: random.packing,
      nodeSelector: random.selector,
      ...(random.latency === undefined ? {} : { maxLatencyMicroseconds: random.latency }),
      networks: random.networks.map((network, index) => ({ name: `net${index}`, network, model: 'virtio' })),
      hostDevices: random.devices.map(([name, affinity], index) => ({ name: `dev${index}`, class: name, numaAffinity: affinity })),
      inline: random.inline,
    },
  });
});

/** What happens to a cluster: guests come (and are committed where they fit), go, and hosts change. */
export type Step =
  | { readonly kind: 'place'; readonly guest: Guest }
  | { readonly kind: 'release'; readonly index: number }
  | { readonly kind: 'change'; readonly host: HostInventory };

export const stepsArbitrary = (hosts: readonly string[], maxLength: number): fc.Arbitrary<Step[]> => fc.array(fc.oneof(
  { weight: 6, arbitrary: guestArbitrary.map((guest): Step => ({ kind: 'place', guest })) },
  { weight: 2, arbitrary: fc.nat().map((index): Step => ({ kind: 'release', index })) },
  { weight: 1, arbitrary: fc.constantFrom(...hosts).chain((name) => hostArbitrary(name)).map((host): Step => ({ kind: 'change', host })) },
), { maxLength });
