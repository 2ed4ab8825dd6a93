/**
 * How near an assignment that has begun may become at best: what cannot better the best that is known is not looked
 * at.
 */
import type { Demand } from './demand.ts';
import type { HostState } from './host-state.ts';
import { distanceBetween } from './nearness.ts';
import type { HostNearness, Nearness } from './nearness.ts';
import { roomCost } from './node-order.ts';
import type { NodeState } from './node-state.ts';
import type { SearchWork } from './search-work.ts';

/** What the cells that are on nodes already come to. */
export type SoFar = Omit<Nearness, 'devices'>;

export interface BoundBelow {
  /** With the next cell on this node, whatever that takes there. */
  readonly at: (node: number, soFar: SoFar) => Nearness;
  /** With the next cell on this node, spread over so many groups there beyond one. */
  readonly after: (node: number, soFar: SoFar, moreGroups: number) => Nearness;
  /** What all come to then. */
  readonly sum: (node: number, soFar: SoFar, moreGroups: number) => SoFar;
}

export class NearnessBound {
  readonly #host: HostNearness;
  readonly #nodes: readonly NodeState[];
  readonly #work: SearchWork;
  readonly #devices: number;
  /** Groups beyond one each that the cells from this one on need at the very least. */
  readonly #moreGroups: number[];

  /** By node. */
  readonly #rooms: readonly number[];
  readonly #leastRoom: number;
  /** Whether it has free devices that are kept for others. */
  readonly #keeps: readonly boolean[];

  /** @param devices the least distance of all devices together; undefined where the guest asks for none. */
  constructor(
    host: HostState,
    demand: Demand,
    nodes: readonly NodeState[],
    devices: number | undefined,
    work: SearchWork,
  ) {
    const {
      cells,
      guest: { cpu },
    } = demand;
    this.#host = host.nearness;
    this.#nodes = nodes;
    this.#work = work;
    this.#devices = devices ?? 0;
    this.#keeps = nodes.map(({ freeDevices }) => devices === undefined && freeDevices > 0);
    const most = cpu.threadPolicy === 'Isolate' ? this.#host.groupCores : this.#host.groupCpus;
    this.#moreGroups = cells.map(() => 0);
    let sum = 0;
    for (let cell = cells.length - 1; cell >= 0; cell -= 1) {
      sum += Math.max(0, Math.ceil(cells[cell]!.dedicated.length / most) - 1);
      this.#moreGroups[cell] = sum;
    }
    this.#moreGroups.push(0);
    this.#rooms = nodes.map((node) => roomCost(host, node, demand));
    this.#leastRoom = Math.min(...this.#rooms);
  }

  /** For the cell that comes after those that are on `chosen` nodes. */
  below(chosen: readonly number[], isTaken: readonly boolean[]): BoundBelow {
    const cell = chosen.length;
    const later = this.#moreGroups.length - 2 - cell;
    const { distanceTo, distanceLater } = this.#distances(chosen, isTaken, later);
    const sum = (node: number, { groups, distance, withDevices, room }: SoFar, moreGroups: number): SoFar => ({
      groups: groups + moreGroups,
      distance: distance + distanceTo(node),
      withDevices: withDevices + (this.#keeps[node] === true ? 1 : 0),
      room: room + this.#rooms[node]!,
    });
    const after = (node: number, soFar: SoFar, moreGroups: number): Nearness => {
      const { groups, distance, withDevices, room } = sum(node, soFar, moreGroups);
      return {
        devices: this.#devices,
        groups: groups + this.#moreGroups[cell + 1]!,
        distance: distance + distanceLater,
        withDevices,
        room: room + later * this.#leastRoom,
      };
    };
    return {
      at: (node, soFar) => after(node, soFar, this.#moreGroups[cell]! - this.#moreGroups[cell + 1]!),
      after,
      sum,
    };
  }

  /** From a node to all that are chosen, there and back; and what cells that come later add to that at least. */
  #distances(chosen: readonly number[], isTaken: readonly boolean[], later: number) {
    const { leastPair, isUneven } = this.#host;
    const among = (later + pairs(later)) * leastPair;
    if (!isUneven)
      return { distanceTo: () => chosen.length * leastPair, distanceLater: later * chosen.length * leastPair + among };
    this.#work.count(this.#nodes.length);
    const toChosen = this.#nodes.map((node, index) =>
      isTaken[index] === true
        ? Infinity
        : chosen.reduce((sum, other) => sum + distanceBetween(node, this.#nodes[other]!), 0),
    );
    const nearest = later === 0 ? [] : toChosen.toSorted((one, other) => one - other).slice(0, later);
    return {
      distanceTo: (node: number) => toChosen[node]!,
      distanceLater: nearest.reduce((sum, distance) => sum + distance, 0) + among,
    };
  }
}

function pairs(count: number): number {
  return (count * (count - 1)) / 2;
}
