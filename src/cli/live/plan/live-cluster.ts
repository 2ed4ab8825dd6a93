/**
 * The cluster as its controller sees it, read once, with the controller's own code over it: what it decides here is what the
 * controller decides, and is written nowhere.
 */
import { ClusterView } from '../../../controller/cluster-view.ts';
import { GuestResolver } from '../../../controller/guest-resolver.ts';
import { Mirror } from '../../../controller/mirror.ts';
import { machineRandom } from '../../../runtime/random.ts';
import { objectKey } from '../../../runtime/object-key.ts';
import { withFacts } from '../../../controller/node-facts.ts';
import { VmPlacer } from '../../../controller/vm-placer.ts';
import type { Candidate, Leftover } from '../../../controller/vm-placer.ts';
import { placementFromWire } from '../../../crds/placement-wire.ts';
import type { AllocatedGuest } from '../../../crds/realtime-allocation.ts';
import { requireValid } from '../../../crds/require-valid.ts';
import type { Kind } from '../../../crds/resource.ts';
import { toHostInventory } from '../../../crds/to-host-inventory.ts';
import type { Guest } from '../../../realtime/guest.ts';
import type { HostInventory } from '../../../realtime/host.ts';
import type { Stored } from '../../../store/resource.ts';
import type { Live } from '../connect.ts';
import { factsOf, readNodeStates } from '../node-state.ts';
import type { NodeStates } from '../node-state.ts';
import { permitted, valueOr } from '../permitted.ts';
import type { HeldVm } from '../../plan/plan-text.ts';

export interface LiveObjects {
  readonly nodes: readonly Stored<'RealtimeNode'>[];
  readonly tables: readonly Stored<'RealtimeAllocation'>[];
  readonly classes: readonly Stored<'RealtimeVMClass'>[];
  readonly images: readonly Stored<'RealtimeImage'>[];
  /** By namespace; the name alone where they may not be read. */
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly states: NodeStates;
  readonly notes: readonly string[];
}

/** A domain that a node's agent has told of. */
export interface FoundDomain {
  readonly nodeName: string;
  readonly domain: string;
  readonly vm?: AllocatedGuest['vm'] | undefined;
}

/** What one node says to a guest. */
export type NodeVerdict =
  | { readonly nodeName: string; readonly kind: 'fits' }
  | { readonly nodeName: string; readonly kind: 'refuses'; readonly reason: string; readonly message: string };

/**
 * Reads all that decides on a place. @param namespaces of the VMs, for their images.
 * @throws StoreError FORBIDDEN where RealtimeNodes, RealtimeAllocations or RealtimeVMClasses may not be listed: nothing can be decided then.
 */
export async function readLiveObjects(live: Live, namespaces: Iterable<string>): Promise<LiveObjects> {
  const { store, signal } = live;
  const [nodes, tables, classes, images, labels, states] = await Promise.all([
    store.list('RealtimeNode', { signal }),
    store.list('RealtimeAllocation', { signal }),
    store.list('RealtimeVMClass', { signal }),
    Promise.all([...new Set(namespaces)].map((namespace) => store.list('RealtimeImage', { namespace, signal }))),
    permitted(store.listForeign('Namespace', {}, signal)),
    readNodeStates(live),
  ]);
  const notes = [...states.notes];
  const known = valueOr(labels, [], (missing) => notes.push(`of namespaces only the name is known: ${missing}`));
  return { nodes, tables, classes, images: images.flat(), namespaceLabels: new Map(known.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])), states, notes };
}

export class LiveCluster {
  readonly #view = new ClusterView();
  readonly #placer: VmPlacer;
  readonly #resolver: GuestResolver;
  readonly #objects: LiveObjects;
  /** Nodes that take no guests, since what they say of themselves is wrong. */
  readonly #broken = new Map<string, string>();

  /** @param without UIDs of VMs that are to be placed anew: what they hold counts as free. */
  constructor(live: Live, objects: LiveObjects, without: ReadonlySet<string> = new Set()) {
    this.#objects = objects;
    const mirror = <K extends Kind>(kind: K, stored: readonly Stored<K>[]): Mirror<K> => {
      const filled = new Mirror<K>({ store: live.store, kind, changed: () => undefined });
      for (const object of stored) filled.put(object);
      return filled;
    };
    this.#resolver = new GuestResolver(mirror('RealtimeVMClass', objects.classes), mirror('RealtimeImage', objects.images));
    for (const table of objects.tables) {
      this.#view.tableKnown({ ...table, spec: { ...table.spec, guests: table.spec.guests.filter(({ vm }) => !without.has(vm.uid)) } });
    }
    for (const node of objects.nodes) {
      const problem = this.#view.nodeChanged(node, factsOf(node.metadata.name, objects.states));
      if (problem !== undefined) this.#broken.set(node.metadata.name, problem);
    }
    this.#placer = new VmPlacer({
      view: this.#view, resolver: this.#resolver, random: machineRandom,
      namespaceLabels: (name) => objects.namespaceLabels.get(name) ?? { 'kubernetes.io/metadata.name': name },
    });
  }

  /** The guest that the controller would make of it; undefined for a spec that makes none. */
  guestOf(vm: Stored<'RealtimeVM'>): Guest | undefined {
    const guest = this.#resolver.resolve(vm);
    return guest.ok ? guest.value : undefined;
  }

  /** Whether its spec makes another guest now than the one that it holds a place for. */
  makesAnother(vm: Stored<'RealtimeVM'>, entry: AllocatedGuest): boolean {
    return this.#resolver.makesAnother(vm, entry);
  }

  /** A domain that still runs for a VM of this name, with no table that says so. */
  strayOf({ metadata: { namespace, name, uid } }: Stored<'RealtimeVM'>): FoundDomain | undefined {
    const { tables, nodes } = this.#objects;
    const stated = tables.flatMap(({ metadata, status }) => (status?.unlisted ?? []).map((domain) => ({ ...domain, nodeName: metadata.name })));
    const orphans = nodes.flatMap(({ metadata, status }) => (status?.orphans ?? []).map((domain) => ({ ...domain, nodeName: metadata.name })));
    const found = [...stated, ...orphans].filter(({ vm }) => vm?.namespace === namespace && vm.name === name);
    return found.find(({ vm }) => vm?.uid === uid) ?? found[0];
  }

  /** Decides, and holds what was decided for those that come after. @param held what it holds now. */
  place(vm: Stored<'RealtimeVM'>, held?: Leftover): Candidate {
    const candidate = this.#placer.decide(vm, held);
    if (candidate.kind === 'placed') this.#view.reserve(candidate.node, candidate.entry);
    return candidate;
  }

  /** What every node says to the guest now, by name. */
  verdicts(guest: Guest): readonly NodeVerdict[] {
    return this.#objects.nodes.map(({ metadata: { name: nodeName } }): NodeVerdict => {
      const problem = this.#broken.get(nodeName);
      if (problem !== undefined) return { nodeName, kind: 'refuses', reason: 'HostNotReady', message: problem };
      const decision = this.#view.decideOn(nodeName, guest);
      const [group] = decision.kind === 'refused' ? decision.groups : [];
      return group === undefined ? { nodeName, kind: 'fits' } : { nodeName, kind: 'refuses', reason: group.reason, message: group.message };
    }).toSorted((one, other) => (one.nodeName < other.nodeName ? -1 : 1));
  }
}

/** What placement sees of the nodes; those that say nonsense of themselves are left out. */
export function inventoriesOf({ nodes, states }: Pick<LiveObjects, 'nodes' | 'states'>): ReadonlyMap<string, HostInventory> {
  return new Map(nodes.flatMap((node) => {
    const inventory = toHostInventory(node);
    if (!inventory.ok) return [];
    const facts = factsOf(node.metadata.name, states);
    return [[node.metadata.name, facts === undefined ? inventory.value : withFacts(inventory.value, facts)] as const];
  }));
}

/** What is held, by node: by allocations, and by domains that no allocation names. */
export function heldByNode({ nodes, tables }: Pick<LiveObjects, 'nodes' | 'tables'>): ReadonlyMap<string, readonly (HeldVm & { readonly uid: string })[]> {
  const allocated = tables.flatMap(({ metadata, spec }) => spec.guests.map(({ vm, placement }) => ({ nodeName: metadata.name, uid: vm.uid, name: objectKey(vm), placement })));
  const named = new Set(allocated.map(({ uid }) => uid));
  const orphans = nodes.flatMap(({ metadata, status }) => (status?.orphans ?? []).flatMap(({ domain, uuid, vm, placement }) => (
    placement === undefined || (vm !== undefined && named.has(vm.uid)) ? [] : [{ nodeName: metadata.name, uid: uuid, name: `${vm === undefined ? domain : objectKey(vm)} (orphan)`, placement }]
  )));
  const all = [...allocated, ...orphans].map(({ nodeName, uid, name, placement }) => ({
    nodeName, uid, name, placement: requireValid(placementFromWire(placement, 'placement'), `what ${name} holds on node ${nodeName}`),
  }));
  return Map.groupBy(all, ({ nodeName }) => nodeName);
}
