/** The free state of one host, kept as placements come and go. */
import { CpuSet, unionOf } from '../cpu-set.ts';
import type { HostInventory } from '../host.ts';
import type { CpuId, NumaNodeId } from '../ids.ts';
import { exclusiveCpus } from '../placement.ts';
import type { HeldPlacement, Placement } from '../placement.ts';
import { refreshCore } from './core-state.ts';
import type { CoreState } from './core-state.ts';
import { floatedOver } from './floated-over.ts';
import { Ledger } from './ledger.ts';
import { isSmall, nodeState } from './node-state.ts';
import type { NodeState } from './node-state.ts';

export class HostState {
  readonly inventory: HostInventory;
  /** Ascending by number. */
  readonly nodes: readonly NodeState[];
  readonly hasSmt: boolean;
  readonly cpus = new Ledger<CpuId>();
  /** CPUs over which somebody still floats, though the administrator no longer calls them shared. */
  readonly roamed = new Ledger<CpuId>();
  readonly devices = new Ledger<string>();
  readonly smallCapacityMiB: number;
  smallUsedMiB = 0;
  freeCpus = 0;
  /** CPUs to float over, on all nodes. */
  shared: CpuSet = CpuSet.empty();
  sharedCount = 0;
  /** Floating vCPUs of all guests. */
  floating = 0;
  readonly #cores = new Map<CpuId, readonly [NodeState, CoreState][]>();

  constructor(inventory: HostInventory, held: Iterable<HeldPlacement>) {
    this.inventory = inventory;
    this.nodes = inventory.numaNodes.map((node) => nodeState(inventory, node)).sort((one, other) => one.id - other.id);
    this.hasSmt = inventory.cores.some((core) => core.size > 1);
    this.smallCapacityMiB = this.nodes.reduce((sum, node) => sum + node.smallCapacityMiB, 0);
    for (const node of this.nodes) {
      for (const core of node.cores) {
        for (const cpu of core.threads) this.#cores.set(cpu, [...(this.#cores.get(cpu) ?? []), [node, core]]);
      }
    }
    this.#sumCpus();
    this.#sumShared();
    for (const { uid, placement } of held) this.add(uid, placement);
  }

  get name(): string {
    return this.inventory.name;
  }

  node(id: NumaNodeId): NodeState | undefined {
    return this.nodes.find((node) => node.id === id);
  }

  /** How many more vCPUs may float here; below 0 where more float already than the administrator now allows. */
  get floatingRoom(): number {
    return Math.floor(this.sharedCount * this.inventory.vcpusPerSharedCpu) - this.floating;
  }

  add(uid: string, placement: Placement): void {
    this.#count(placement, 1);
    const exclusive = exclusiveCpus(placement);
    for (const cpu of exclusive) this.cpus.add(cpu, uid);
    const roamed = this.#roamedBy(placement);
    for (const cpu of roamed) this.roamed.add(cpu, uid);
    for (const { address } of placement.devices) this.devices.add(address, uid);
    this.#refresh(exclusive, roamed);
  }

  remove(uid: string, placement: Placement): void {
    this.#count(placement, -1);
    const exclusive = exclusiveCpus(placement);
    for (const cpu of exclusive) this.cpus.remove(cpu, uid);
    const roamed = this.#roamedBy(placement);
    for (const cpu of roamed) this.roamed.remove(cpu, uid);
    for (const { address } of placement.devices) this.devices.remove(address, uid);
    this.#refresh(exclusive, roamed);
  }

  #roamedBy(placement: Placement): CpuSet {
    return floatedOver(placement).minus(this.inventory.sharedCpus);
  }

  #count(placement: Placement, sign: 1 | -1): void {
    const floating = placement.vcpuPins.filter((pin) => pin.kind === 'floating');
    this.floating += sign * floating.length;
    this.smallUsedMiB += sign * placement.extraMemoryMiB;
    placement.cells.forEach((cell, index) => {
      const small = isSmall(cell.pageSizeKiB) ? cell.memoryMiB : 0;
      this.smallUsedMiB += sign * small;
      const node = this.node(cell.hostNode);
      if (node === undefined) return;
      node.smallUsedMiB += sign * (small + (index === 0 ? placement.extraMemoryMiB : 0));
      node.floating += sign * floating.filter((pin) => cell.vcpus.has(pin.vcpu)).length;
      const pages = node.hugepages.find(({ sizeKiB }) => sizeKiB === cell.pageSizeKiB);
      if (pages !== undefined) pages.used += (sign * cell.memoryMiB * 1024) / pages.sizeKiB;
    });
  }

  #refresh(exclusive: CpuSet, roamed: CpuSet): void {
    const isTaken = (cpu: CpuId) => this.cpus.has(cpu) || this.roamed.has(cpu);
    const cores = new Set<CoreState>();
    const touch = (cpus: CpuSet) => {
      for (const cpu of cpus) {
        for (const [node, core] of this.#cores.get(cpu) ?? []) {
          if (cores.has(core)) continue;
          cores.add(core);
          node.freeCpus -= core.free.length;
          refreshCore(core, isTaken);
          node.freeCpus += core.free.length;
        }
      }
    };
    touch(exclusive);
    touch(roamed);
    if (exclusive.overlaps(this.inventory.sharedCpus)) {
      for (const node of this.nodes) {
        const cpus = this.inventory.numaNodes.find(({ id }) => id === node.id)!.cpus;
        node.shared = CpuSet.from([...this.inventory.sharedCpus.intersection(cpus)].filter((cpu) => !this.cpus.has(cpu)));
        node.sharedCount = node.shared.size;
      }
      this.#sumShared();
    }
    this.#sumCpus();
  }

  #sumCpus(): void {
    this.freeCpus = this.nodes.reduce((sum, node) => sum + node.freeCpus, 0);
  }

  #sumShared(): void {
    this.shared = unionOf(this.nodes.map((node) => node.shared));
    this.sharedCount = this.shared.size;
  }
}
