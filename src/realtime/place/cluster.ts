/** Placement over many hosts: decides, books and gives back. Deterministic, and without I/O. */
import type { Decision } from '../decision.ts';
import type { Guest } from '../guest.ts';
import type { HostInventory } from '../host.ts';
import type { HeldPlacement, Placement } from '../placement.ts';
import { buildPlacement } from './build-placement.ts';
import { claimOf } from './claim.ts';
import { PlacementConflictError, conflictsAmong, notOffered, takenBy } from './conflicts.ts';
import type { PlacementConflict } from './conflicts.ts';
import { demandOf } from './demand.ts';
import type { Demand } from './demand.ts';
import { explainHost } from './explain.ts';
import { fitHost } from './fit-host.ts';
import type { HostFit } from './fit-host.ts';
import { freeState } from './free-state.ts';
import type { FreeState } from './free-state.ts';
import { HeldBook } from './held-book.ts';
import { HostIndex } from './host-index.ts';
import { HostState } from './host-state.ts';
import { groupOf } from './refusal-groups.ts';
import type { RefusalSnapshot } from './refusal-snapshot.ts';

/** The hosts, and who holds what on them. One writer; every answer depends on the content alone, not on its history. */
export class Cluster {
  readonly #hosts = new Map<string, HostState>();
  readonly #held = new HeldBook();
  /** Made when first needed, and again when a host comes or goes. */
  #index: HostIndex | undefined;

  /**
   * @param held what VMs (or anything else, under a uid of its own) hold already: taken as it is, even where an
   * inventory no longer offers it or two of them overlap (see {@link Cluster.conflicts}).
   */
  constructor(hosts: Iterable<HostInventory>, held: Iterable<HeldPlacement>) {
    for (const placement of held) this.#held.add(claimOf(placement));
    for (const inventory of hosts) this.upsertHost(inventory);
  }

  /**
   * The best host and what the guest would get there, or why no host will do. An offer: nothing is booked until
   * {@link Cluster.commit}. Rules 4.2 and 4.11.
   * @param options.onlyHost consider this host alone; unknown, it counts as no host.
   */
  decide(guest: Guest, options: { readonly onlyHost?: string | undefined } = {}): Decision {
    if (options.onlyHost !== undefined) return this.#decideOn(this.#hosts.get(options.onlyHost), guest);
    const choice = this.#indexNow().choose(guest);
    if (choice.kind === 'none') return refused(choice.refusal);
    return placed(choice.fit, choice.demand);
  }

  /**
   * Looks at hosts for a guest in slices, with whatever else between them; a decision right after the last slice has
   * little left to look at, and is the same as without. For thousands of hosts that may all refuse.
   */
  *consider(guest: Guest): Generator<undefined, void> {
    for (let index = this.#indexNow(), isDone = false; !isDone; index = this.#indexNow()) {
      const slices = index.consider(guest);
      do {
        isDone = slices.next().done === true;
        if (!isDone) yield;
      } while (!isDone && this.#index === index);
    }
  }

  /**
   * Books a placement for a VM that holds none.
   * @throws PlacementConflictError where anything in it is not free (any more); then nothing is changed.
   */
  commit(uid: string, placement: Placement): void {
    const host = this.#hosts.get(placement.host);
    const claim = claimOf({ uid, placement });
    const conflicts = this.#held.hostsOf(uid).map((holding): PlacementConflict => ({ host: holding, uid, kind: 'uid', holder: uid, message: `${uid} already holds a placement on host ${holding}` }));
    if (host === undefined) conflicts.push({ host: placement.host, uid, kind: 'host', message: `there is no host ${placement.host}` });
    else conflicts.push(...takenBy(host, claim), ...notOffered(host, claim));
    if (host === undefined || conflicts.length > 0) throw new PlacementConflictError(uid, conflicts);
    this.#held.add(claim);
    host.add(claim);
    this.#index?.hostChanged(host);
  }

  /** Takes over what somebody holds by the word of an allocation, as the constructor does: as it is, conflicts and all. */
  hold(held: HeldPlacement): void {
    const claim = claimOf(held);
    const host = this.#hosts.get(held.placement.host);
    if (!this.#held.add(claim) || host === undefined) return;
    host.add(claim);
    this.#index?.hostChanged(host);
  }

  /**
   * Gives back all that a VM holds; nothing where it holds nothing.
   * @param host give back what it holds there alone, where two hosts are told of one VM.
   */
  release(uid: string, host?: string): void {
    for (const name of host === undefined ? [...this.#held.hostsOf(uid)] : [host]) this.#releaseOn(name, uid);
  }

  /** Adds a host, or replaces what is known about it. What is held there stays held. */
  upsertHost(inventory: HostInventory): void {
    const state = new HostState(inventory, this.#held.on(inventory.name));
    const known = this.#hosts.has(inventory.name);
    this.#hosts.set(inventory.name, state);
    if (known) this.#index?.hostChanged(state);
    else this.#index = undefined;
  }

  /** Nothing is placed there any more; what is held there stays held, until it is released or the host comes back. */
  removeHost(name: string): void {
    if (this.#hosts.delete(name)) this.#index = undefined;
  }

  /** What VMs hold on a host, in the order in which they got it. */
  held(host: string): readonly HeldPlacement[] {
    return this.#held.on(host).map(({ uid, placement }) => ({ uid, placement }));
  }

  /** How many hold something on a host. */
  heldCount(host: string): number {
    return this.#held.countOn(host);
  }

  /** What is free on a host; undefined for an unknown one. */
  free(host: string): FreeState | undefined {
    const state = this.#hosts.get(host);
    return state === undefined ? undefined : freeState(state);
  }

  /**
   * What of a placement others hold on its host, or have used up, whether or not the VM holds anything there itself.
   * @param beside which others count, by UID.
   */
  takenFrom({ uid, placement }: HeldPlacement, beside: (uid: string) => boolean): readonly PlacementConflict[] {
    const host = this.#hosts.get(placement.host);
    if (host === undefined) return [];
    return takenBy(new HostState(host.inventory, this.#held.on(host.name).filter((claim) => claim.uid !== uid && beside(claim.uid))), claimOf({ uid, placement }));
  }

  /** What is known of a host; undefined for an unknown one. */
  inventoryOf(host: string): HostInventory | undefined {
    return this.#hosts.get(host)?.inventory;
  }

  /** Where held placements contradict each other: a CPU or device twice, more memory than there is, one VM twice. */
  conflicts(): readonly PlacementConflict[] {
    const uids = new Set(this.#held.hosts().flatMap((name) => this.#held.on(name).map(({ uid }) => uid)));
    const twice = [...uids].flatMap((uid) => {
      const [first = '', ...others] = this.#held.hostsOf(uid);
      return others.map((host): PlacementConflict => ({ host, uid, kind: 'uid', holder: uid, message: `${uid} holds a placement on host ${first} and on host ${host}` }));
    });
    const overlaps = this.#held.hosts().flatMap((name) => {
      const host = this.#hosts.get(name);
      return host === undefined ? [] : conflictsAmong(host, this.#held.on(name));
    });
    return [...twice, ...overlaps];
  }

  #indexNow(): HostIndex {
    this.#index ??= new HostIndex(this.#hosts.values());
    return this.#index;
  }

  #releaseOn(name: string, uid: string): void {
    const claim = this.#held.remove(uid, name);
    const host = this.#hosts.get(name);
    if (claim === undefined || host === undefined) return;
    host.remove(claim);
    this.#index?.hostChanged(host);
  }

  #decideOn(host: HostState | undefined, guest: Guest): Decision {
    if (host === undefined) return { kind: 'refused', groups: [] };
    const demand = demandOf(guest);
    const fit = fitHost(host, demand);
    if (fit !== undefined) return placed(fit, demand);
    return { kind: 'refused', groups: [groupOf(explainHost(host, demand), [host.name])] };
  }
}

function placed(fit: HostFit, demand: Demand): Decision {
  const placement = buildPlacement(fit, demand);
  return fit.proven ? { kind: 'placed', placement } : { kind: 'placed', placement, unproven: true };
}

/** Reading why is what costs: thousands of host names are listed only when somebody asks. */
function refused(refusal: RefusalSnapshot): Decision {
  return {
    kind: 'refused',
    get groups() {
      return refusal.groups;
    },
  };
}
