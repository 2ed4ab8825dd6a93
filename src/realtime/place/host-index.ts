/** Finds the host for a guest among thousands without looking at all of them. */
import type { Guest } from '../guest.ts';
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

export type Choice =
  | { readonly kind: 'fit'; readonly fit: HostFit; readonly demand: Demand }
  | { readonly kind: 'none'; readonly refusal: RefusalSnapshot };

export class HostIndex {
  readonly #hosts: HostState[];
  readonly #names: readonly string[];
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #byFreeCpus: ScoreOrder;
  readonly #byFloatingRoom: ScoreOrder;
  /** Least recently asked for first. */
  readonly #shapes = new Map<string, ShapeIndex>();

  constructor(hosts: Iterable<HostState>) {
    this.#hosts = [...hosts].sort((one, other) => (one.name < other.name ? -1 : 1));
    this.#names = this.#hosts.map(({ name }) => name);
    this.#ranks = new Map(this.#names.map((name, rank) => [name, rank]));
    this.#byFreeCpus = new ScoreOrder(this.#hosts.length);
    this.#byFloatingRoom = new ScoreOrder(this.#hosts.length);
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
    const { demand } = shape;
    let fit: HostFit | undefined;
    const accept = (rank: number): boolean => {
      fit = fitHost(this.#hosts[rank]!, demand);
      if (fit === undefined) shape.ruleOut(rank);
      return fit !== undefined;
    };
    const order = demand.dedicatedCpus > 0 ? this.#byFreeCpus : this.#byFloatingRoom;
    order.find(shape.candidates, { packing: guest.packing, minimum: demand.dedicatedCpus > 0 ? demand.dedicatedCpus : demand.floatingVcpus, accept });
    if (fit !== undefined) return { kind: 'fit', fit, demand };
    return { kind: 'none', refusal: shape.refuse((rank) => explainHost(this.#hosts[rank]!, demand)) };
  }

  #score(host: HostState): void {
    const rank = this.#ranks.get(host.name)!;
    this.#byFreeCpus.set(rank, host.freeCpus);
    this.#byFloatingRoom.set(rank, host.floatingRoom);
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
