/** The free state of one host, kept as placements come and go. */
import { CpuSet, unionOf } from '../cpu-set.ts';
import type { HostDevice, HostInventory } from '../host.ts';
import type { CpuId, NumaNodeId } from '../ids.ts';
import { smallMiBOfCell } from './claim.ts';
import type { Claim } from './claim.ts';
import { refreshCore } from './core-state.ts';
import type { CoreState } from './core-state.ts';
import { Ledger } from './ledger.ts';
import { nearnessOf } from './nearness.ts';
import type { HostNearness } from './nearness.ts';
import { isSmall, nodeState } from './node-state.ts';
import type { NodeState } from './node-state.ts';

interface CoreOfNode {
  readonly node: NodeState;
  readonly core: CoreState;
}

export class HostState {
  readonly inventory: HostInventory;
  /** Ascending by number. */
  readonly nodes: readonly NodeState[];
  /** How near things can be on this host at best. */
  readonly nearness: HostNearness;
  readonly hasSmt: boolean;
  readonly cpus = new Ledger<CpuId>();
  /** CPUs over which somebody still floats, though the administrator no longer calls them shared. */
  readonly roamed = new Ledger<CpuId>();
  readonly devices = new Ledger<string>();
  readonly smallCapacityMiB: number;
  smallUsedMiB = 0;
  freeCpus = 0;
  /** Devices that guests may ask for and none has, on all nodes and where nobody knows. */
  freeDevices = 0;
  /** CPUs to float over, on all nodes. */
  shared: CpuSet = CpuSet.empty();
  sharedCount = 0;
  /** Floating vCPUs of all guests. */
  floating = 0;
  /** By CPU number; one entry unless a core's siblings are on several nodes. */
  readonly #coresOf: (readonly CoreOfNode[] | undefined)[];
  /** By address, the node of each device; undefined where nobody knows. */
  readonly #deviceNodes: ReadonlyMap<string, NodeState | undefined>;

  constructor(inventory: HostInventory, held: Iterable<Claim>) {
    this.inventory = inventory;
    const order = [...inventory.numaNodes.keys()].sort(
      (one, other) => inventory.numaNodes[one]!.id - inventory.numaNodes[other]!.id,
    );
    this.nodes = order.map((_, index) => nodeState(inventory, index, order));
    this.nearness = nearnessOf(this.nodes);
    this.hasSmt = inventory.cores.some((core) => core.size > 1);
    this.smallCapacityMiB = this.nodes.reduce((sum, node) => sum + node.smallCapacityMiB, 0);
    this.#coresOf = Array.from(
      { length: 1 + Math.max(-1, ...inventory.cores.flatMap((core) => core.toArray())) },
      () => undefined,
    );
    for (const { node, core } of this.nodes.flatMap((each) => each.cores.map((core) => ({ node: each, core })))) {
      const cores = [...(this.#coresOf[core.threads[0]!] ?? []), { node, core }];
      for (const cpu of core.threads) this.#coresOf[cpu] = cores;
    }
    this.#deviceNodes = new Map(
      devicesOf(inventory).map(({ address, numaNode }) => [
        address,
        numaNode === undefined ? undefined : this.node(numaNode),
      ]),
    );
    for (const address of this.#deviceNodes.keys()) this.#countDevice(address, 1);
    this.freeCpus = this.nodes.reduce((sum, node) => sum + node.freeCpus, 0);
    this.#sumShared();
    for (const claim of held) this.add(claim);
  }

  get name(): string {
    return this.inventory.name;
  }

  node(id: NumaNodeId): NodeState | undefined {
    return this.nodes.find((node) => node.id === id);
  }

  get smallFreeMiB(): number {
    return this.smallCapacityMiB - this.smallUsedMiB;
  }

  /** How many more vCPUs may float here; below 0 where more float already than the administrator now allows. */
  get floatingRoom(): number {
    return Math.floor(this.sharedCount * this.inventory.vcpusPerSharedCpu) - this.floating;
  }

  add(claim: Claim): void {
    const { uid, exclusive, placement } = claim;
    this.#count(claim, 1);
    for (const cpu of exclusive) this.cpus.add(cpu, uid);
    const roamed = this.#roamedBy(claim);
    for (const cpu of roamed) this.roamed.add(cpu, uid);
    for (const { address } of placement.devices) {
      if (!this.devices.has(address)) this.#countDevice(address, -1);
      this.devices.add(address, uid);
    }
    this.#refresh(exclusive, roamed);
  }

  remove(claim: Claim): void {
    const { uid, exclusive, placement } = claim;
    this.#count(claim, -1);
    for (const cpu of exclusive) this.cpus.remove(cpu, uid);
    const roamed = this.#roamedBy(claim);
    for (const cpu of roamed) this.roamed.remove(cpu, uid);
    for (const { address } of placement.devices) {
      this.devices.remove(address, uid);
      if (!this.devices.has(address)) this.#countDevice(address, 1);
    }
    this.#refresh(exclusive, roamed);
  }

  #countDevice(address: string, sign: 1 | -1): void {
    if (!this.#deviceNodes.has(address)) return;
    this.freeDevices += sign;
    const node = this.#deviceNodes.get(address);
    if (node !== undefined) node.freeDevices += sign;
  }

  #roamedBy({ floatedOver }: Claim): CpuSet {
    return floatedOver.minus(this.inventory.sharedCpus);
  }

  #count({ placement, floating, floatingOfCell }: Claim, sign: 1 | -1): void {
    this.floating += sign * floating;
    this.smallUsedMiB += sign * placement.extraMemoryMiB;
    placement.cells.forEach((cell, index) => {
      if (isSmall(cell.pageSizeKiB)) this.smallUsedMiB += sign * cell.memoryMiB;
      const node = this.node(cell.hostNode);
      if (node === undefined) return;
      node.smallUsedMiB += sign * smallMiBOfCell(placement, index);
      node.floating += sign * floatingOfCell[index]!;
      const pages = node.hugepages.find(({ sizeKiB }) => sizeKiB === cell.pageSizeKiB);
      if (pages !== undefined) pages.used += (sign * cell.memoryMiB * 1024) / pages.sizeKiB;
    });
  }

  #refresh(exclusive: CpuSet, roamed: CpuSet): void {
    const isTaken = (cpu: CpuId) => this.cpus.has(cpu) || this.roamed.has(cpu);
    for (const cpu of roamed.isEmpty ? exclusive : exclusive.union(roamed)) {
      for (const { node, core } of this.#coresOf[cpu] ?? []) {
        const before = core.free.length;
        refreshCore(core, isTaken);
        node.freeCpus += core.free.length - before;
        this.freeCpus += core.free.length - before;
      }
    }
    if (!exclusive.overlaps(this.inventory.sharedCpus)) return;
    for (const node of this.nodes) {
      node.shared = CpuSet.from([...node.offeredShared].filter((cpu) => !this.cpus.has(cpu)));
      node.sharedCount = node.shared.size;
    }
    this.#sumShared();
  }

  #sumShared(): void {
    this.shared = unionOf(this.nodes.map((node) => node.shared));
    this.sharedCount = this.shared.size;
  }
}

export function devicesOf({ deviceClasses, networks }: HostInventory): readonly HostDevice[] {
  return [
    ...deviceClasses.flatMap(({ devices }) => devices),
    ...networks.flatMap((network) => (network.kind === 'sriov' ? network.devices : [])),
  ];
}
