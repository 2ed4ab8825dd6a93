/** How near to each other a guest's parts are, so that one assignment is preferred to another. Rule 4.16. */
import type { NodeState } from './node-state.ts';

/** Less is better; the first that differs decides. */
export interface Nearness {
  /** Distances of the devices from the nearest of the guest's nodes, added up. */
  readonly devices: number;
  /** L3 groups that cells are spread over, beyond one for each cell. */
  readonly groups: number;
  /** Distances of each two of the guest's nodes, there and back, added up. */
  readonly distance: number;
  /** Nodes with free devices, where the guest asks for none. */
  readonly withDevices: number;
  /** What the nodes have free, added up: negative where most is best; 0 where all nodes are as far from each other. */
  readonly room: number;
}

export function isNearer(one: Nearness, other: Nearness): boolean {
  if (one.devices !== other.devices) return one.devices < other.devices;
  if (one.groups !== other.groups) return one.groups < other.groups;
  if (one.distance !== other.distance) return one.distance < other.distance;
  if (one.withDevices !== other.withDevices) return one.withDevices < other.withDevices;
  return one.room < other.room;
}

/** What no assignment on a host can better. */
export interface HostNearness {
  /** The least distance of two nodes, there and back. */
  readonly leastPair: number;
  /** Some two nodes are farther from each other than that. */
  readonly isUneven: boolean;
  /** Some node is divided into L3 groups. */
  readonly isDivided: boolean;
  /** CPUs and cores of the biggest L3 group that there may be; Infinity where a node is not divided into groups. */
  readonly groupCpus: number;
  readonly groupCores: number;
}

export function nearnessOf(nodes: readonly NodeState[]): HostNearness {
  let leastPair = Infinity;
  let mostPair = 0;
  for (const one of nodes) {
    for (const other of nodes.slice(0, one.index)) {
      const pair = distanceBetween(one, other);
      leastPair = Math.min(leastPair, pair);
      mostPair = Math.max(mostPair, pair);
    }
  }
  const divided = nodes.every(({ groups }) => groups.length > 0);
  const groups = divided
    ? nodes.flatMap((node) => node.groups.map((members) => members.map((core) => node.cores[core]!.dedicated.length)))
    : [];
  return {
    leastPair: nodes.length < 2 ? 0 : leastPair,
    isUneven: nodes.length > 1 && leastPair < mostPair,
    isDivided: nodes.some(({ groups }) => groups.length > 0),
    groupCpus: divided ? Math.max(...groups.map((cpus) => cpus.reduce((sum, count) => sum + count, 0))) : Infinity,
    groupCores: divided ? Math.max(...groups.map(({ length }) => length)) : Infinity,
  };
}

/** There and back. */
export function distanceBetween(one: NodeState, other: NodeState): number {
  return one.distances[other.index]! + other.distances[one.index]!;
}
