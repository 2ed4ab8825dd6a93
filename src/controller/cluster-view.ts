/** The controller's picture of nodes and of what is held on them, kept up change by change for placement to decide on. */
import { formatProblem } from '../crds/document-problem.ts';
import { toHostInventory } from '../crds/to-host-inventory.ts';
import { placementFromWire } from '../crds/placement-wire.ts';
import { requireValid } from '../crds/require-valid.ts';
import type { Decision } from '../realtime/decision.ts';
import type { Guest } from '../realtime/guest.ts';
import { Cluster } from '../realtime/place/cluster.ts';
import type { HeldPlacement } from '../realtime/placement.ts';
import type { Stored } from '../store/resource.ts';

/** What is on record about one node. */
interface NodeRecord {
  readonly allocation?: Stored<'RealtimeAllocation'> | undefined;
  /** Entries and orphans of the node, by UID, as they were told to placement. */
  readonly held: ReadonlyMap<string, string>;
}

export interface FoundOrphan {
  readonly nodeName: string;
  readonly orphan: NonNullable<NonNullable<Stored<'RealtimeNode'>['status']>['orphans']>[number];
}

export class ClusterView {
  readonly #cluster = new Cluster([], []);
  readonly #nodes = new Map<string, Stored<'RealtimeNode'>>();
  readonly #records = new Map<string, NodeRecord>();
  /** By `namespace/name` of the VM that the domain was made for. */
  readonly #orphans = new Map<string, readonly FoundOrphan[]>();
  /** Which node's allocation holds a VM, by UID. */
  readonly #nodeOfVm = new Map<string, string>();

  /** @returns what is wrong with the node's spec, for its administrator; such a node takes no guests. */
  nodeChanged(node: Stored<'RealtimeNode'>): string | undefined {
    const { name } = node.metadata;
    this.#nodes.set(name, node);
    this.#indexOrphans(name);
    this.#holdAll(name);
    const inventory = toHostInventory(node);
    if (!inventory.ok) {
      this.#cluster.removeHost(name);
      return inventory.problems.map(formatProblem).join('; ');
    }
    this.#cluster.upsertHost(inventory.value);
    return undefined;
  }

  nodeGone(name: string): void {
    this.#nodes.delete(name);
    this.#indexOrphans(name);
    this.#cluster.removeHost(name);
  }

  /** Takes over a table, read or just written; entries that went give back what they held. */
  allocationChanged(allocation: Stored<'RealtimeAllocation'>): void {
    const { name } = allocation.metadata;
    for (const { vm } of this.#records.get(name)?.allocation?.spec.guests ?? []) this.#nodeOfVm.delete(vm.uid);
    for (const { vm } of allocation.spec.guests) this.#nodeOfVm.set(vm.uid, name);
    this.#records.set(name, { allocation, held: this.#records.get(name)?.held ?? new Map<string, string>() });
    this.#holdAll(name);
  }

  /** A table that is gone gives nothing back: its guests may run still. The node's agent tells, as orphans, which do. */
  allocationOf(nodeName: string): Stored<'RealtimeAllocation'> | undefined {
    return this.#records.get(nodeName)?.allocation;
  }

  /** The table that holds a VM. */
  allocationOfVm(uid: string): Stored<'RealtimeAllocation'> | undefined {
    const nodeName = this.#nodeOfVm.get(uid);
    return nodeName === undefined ? undefined : this.allocationOf(nodeName);
  }

  /** A domain that runs for this VM, or for an earlier one of its name, with nothing in an allocation that says so. */
  orphanOf({ namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string }): FoundOrphan | undefined {
    const found = this.#orphans.get(`${namespace}/${name}`) ?? [];
    return found.find(({ orphan }) => orphan.vm?.uid === uid) ?? found[0];
  }

  decide(guest: Guest): Decision {
    return this.#cluster.decide(guest);
  }

  #indexOrphans(nodeName: string): void {
    for (const [key, found] of this.#orphans) {
      const others = found.filter((one) => one.nodeName !== nodeName);
      if (others.length === 0) this.#orphans.delete(key);
      else this.#orphans.set(key, others);
    }
    for (const orphan of this.#nodes.get(nodeName)?.status?.orphans ?? []) {
      if (orphan.vm === undefined) continue;
      const key = `${orphan.vm.namespace}/${orphan.vm.name}`;
      this.#orphans.set(key, [...(this.#orphans.get(key) ?? []), { nodeName, orphan }]);
    }
  }

  /** Makes placement hold exactly what the node's table and its orphans say. */
  #holdAll(nodeName: string): void {
    const record = this.#records.get(nodeName);
    const wanted = new Map<string, HeldPlacement>();
    for (const orphan of this.#nodes.get(nodeName)?.status?.orphans ?? []) {
      if (orphan.placement !== undefined) wanted.set(`orphan:${orphan.uuid}`, { uid: `orphan:${orphan.uuid}`, placement: requireValid(placementFromWire(orphan.placement, 'status.orphans.placement'), `RealtimeNode ${nodeName}`) });
    }
    for (const { vm, placement } of record?.allocation?.spec.guests ?? []) {
      wanted.set(vm.uid, { uid: vm.uid, placement: requireValid(placementFromWire(placement, 'spec.guests.placement'), `RealtimeAllocation ${nodeName}`) });
    }
    const texts = new Map([...wanted].map(([uid, { placement }]) => [uid, JSON.stringify(placement)]));
    const held = record?.held ?? new Map<string, string>();
    for (const [uid, text] of held) if (texts.get(uid) !== text) this.#cluster.release(uid);
    for (const [uid, placement] of wanted) if (held.get(uid) !== texts.get(uid)) this.#cluster.hold(placement);
    this.#records.set(nodeName, { allocation: record?.allocation, held: texts });
  }
}
