/** Finds the host for a guest among thousands without looking at all of them. */
import type { Guest } from '../guest.ts';
import { clearBit, fullBitmap, hasBit, inBoth, setBit } from './bitmap.ts';
import { demandOf } from './demand.ts';
import type { Demand } from './demand.ts';
import { explainHost } from './explain.ts';
import { fitHost } from './fit-host.ts';
import type { HostFit } from './fit-host.ts';
import type { HostState } from './host-state.ts';
import type { RefusalSnapshot } from './refusal-snapshot.ts';
import { ScoreOrder } from './score-order.ts';
import { ShapeIndex } from './shape-index.ts';
import { shapeKey } from './shape-key.ts';

/** Shapes whose verdicts are kept: about 20 KiB each with 5,000 hosts. Classes are few; others are found again. */
const keptShapes = 256;

/** How many cells are looked at on how many nodes before others have their turn: one to three milliseconds' work. */
const looksPerSlice = 64;

/** What may be done in one go. */
class Slice {
  #left: number;

  constructor(looks: number) {
    this.#left = looks;
  }

  /** Whether one more host may be looked at. */
  allows({ nodes }: HostState, { cells }: Demand): boolean {
    if (this.#left <= 0) return false;
    this.#left -= 1 + cells.length * nodes.length;
    return true;
  }
}

export type Choice =
  | { readonly kind: 'fit'; readonly fit: HostFit; readonly demand: Demand }
  | { readonly kind: 'none'; readonly refusal: RefusalSnapshot };

export class HostIndex {
  readonly #hosts: HostState[];
  readonly #names: readonly string[];
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #byFreeCpus: ScoreOrder;
  readonly #byFloatingRoom: ScoreOrder;
  /** Hosts, by rank, that have no free devices. */
  readonly #withoutDevices: Uint32Array;
  #hostsWithDevices = 0;
  /** Least recently asked for first. */
  readonly #shapes = new Map<string, ShapeIndex>();

  constructor(hosts: Iterable<HostState>) {
    this.#hosts = [...hosts].sort((one, other) => (one.name < other.name ? -1 : 1));
    this.#names = this.#hosts.map(({ name }) => name);
    this.#ranks = new Map(this.#names.map((name, rank) => [name, rank]));
    this.#byFreeCpus = new ScoreOrder(this.#hosts.length);
    this.#byFloatingRoom = new ScoreOrder(this.#hosts.length);
    this.#withoutDevices = fullBitmap(this.#hosts.length);
    for (const host of this.#hosts) this.#score(host);
  }

  /** To be called after every change of a host's state, with what replaces it. */
  hostChanged(host: HostState): void {
    const rank = this.#ranks.get(host.name)!;
    this.#hosts[rank] = host;
    this.#score(host);
    for (const shape of this.#shapes.values()) shape.hostChanged(rank);
  }

  /** The best host for a guest: by free dedicated CPUs, or by floating room for a guest without dedicated vCPUs. */
  choose(guest: Guest): Choice {
    const shape = this.#shape(guest);
    const found = this.#search(shape, new Slice(Infinity));
    if (found.kind === 'fit') return { kind: 'fit', fit: found.fit, demand: shape.demand };
    this.#explain(shape, new Slice(Infinity));
    return { kind: 'none', refusal: shape.refusal() };
  }

  /**
   * Finds out, slice by slice, what {@link HostIndex.choose} has to know of the hosts, and remembers it; what changes
   * between slices is looked at again. No slice is longer than one host takes, but for a few milliseconds.
   */
  *consider(guest: Guest): Generator<undefined, void> {
    const shape = this.#shape(guest);
    for (;;) {
      const slice = new Slice(looksPerSlice);
      const found = this.#search(shape, slice);
      if (found.kind === 'fit') return;
      if (found.kind === 'none' && this.#explain(shape, slice)) return;
      yield;
    }
  }

  #search(
    shape: ShapeIndex,
    slice: Slice,
  ): { readonly kind: 'fit'; readonly fit: HostFit } | { readonly kind: 'none' | 'unfinished' } {
    const { demand } = shape;
    let fit: HostFit | undefined;
    const accept = (rank: number): boolean => {
      const host = this.#hosts[rank]!;
      if (!slice.allows(host, demand)) return true;
      fit = fitHost(host, demand);
      if (fit === undefined) shape.ruleOut(rank);
      return fit !== undefined;
    };
    const order = demand.dedicatedCpus > 0 ? this.#byFreeCpus : this.#byFloatingRoom;
    const minimum = demand.dedicatedCpus > 0 ? demand.dedicatedCpus : demand.floatingVcpus;
    const among = (hosts: Uint32Array) => order.find(hosts, { packing: demand.guest.packing, minimum, accept });
    let rank = this.#sparesHosts(demand.guest) ? among(inBoth(shape.candidates, this.#withoutDevices)) : -1;
    if (rank < 0) rank = among(shape.candidates);
    if (fit !== undefined) return { kind: 'fit', fit };
    return { kind: rank < 0 ? 'none' : 'unfinished' };
  }

  /** Whether hosts with free devices are kept for others: where some hosts have none, and the guest asks for none. */
  #sparesHosts({ hostDevices }: Guest): boolean {
    return hostDevices.length === 0 && this.#hostsWithDevices > 0 && this.#hostsWithDevices < this.#hosts.length;
  }

  #explain(shape: ShapeIndex, slice: Slice): boolean {
    return shape.explain(
      (rank) => explainHost(this.#hosts[rank]!, shape.demand),
      (rank) => slice.allows(this.#hosts[rank]!, shape.demand),
    );
  }

  #score(host: HostState): void {
    const rank = this.#ranks.get(host.name)!;
    this.#byFreeCpus.set(rank, host.freeCpus);
    this.#byFloatingRoom.set(rank, host.floatingRoom);
    if (hasBit(this.#withoutDevices, rank) === (host.freeDevices === 0)) return;
    this.#hostsWithDevices += host.freeDevices === 0 ? -1 : 1;
    if (host.freeDevices === 0) setBit(this.#withoutDevices, rank);
    else clearBit(this.#withoutDevices, rank);
  }

  #shape(guest: Guest): ShapeIndex {
    const key = shapeKey(guest);
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      shape = new ShapeIndex(demandOf(guest), this.#names);
      if (this.#shapes.size >= keptShapes) this.#shapes.delete(this.#shapes.keys().next().value!);
    } else {
      this.#shapes.delete(key);
    }
    this.#shapes.set(key, shape);
    return shape;
  }
}
