/**
 * How near a placement is, and how near one could be, by trying every one on a small host: with no code of the
 * product's.
 */
import type { Guest } from '../../../src/realtime/guest.ts';
import type { HostDevice, HostInventory, HostNumaNode } from '../../../src/realtime/host.ts';
import type { HeldPlacement, Placement } from '../../../src/realtime/placement.ts';
import { cpusFit, deviceChoices, smallNeeds } from './brute-force.ts';
import { usageOf } from './usage.ts';

/** Less is better; the first that differs decides. Rule 4.16. */
export type Measured = readonly [devices: number, groups: number, distance: number];

export function measure(host: HostInventory, placement: Placement): Measured {
  const nodes =
    placement.cells.length === 0
      ? host.numaNodes.map(({ id }) => id as number)
      : placement.cells.map(({ hostNode }) => hostNode as number);
  const known = [
    ...host.deviceClasses,
    ...host.networks.flatMap((network) => (network.kind === 'sriov' ? [network] : [])),
  ].flatMap(({ devices }) => devices);
  const groups = placement.cells.map((cell) => {
    const cpus = placement.vcpuPins.flatMap((pin): number[] =>
      pin.kind === 'dedicated' && cell.vcpus.has(pin.vcpu) ? [pin.cpu] : [],
    );
    return Math.max(
      0,
      l3Groups(host, node(host, cell.hostNode)).filter((group) => cpus.some((cpu) => group.has(cpu))).length - 1,
    );
  });
  return [
    sum(
      placement.devices.map(({ address }) =>
        far(
          host,
          nodes,
          known.find((device) => device.address === address)!,
        ),
      ),
    ),
    sum(groups),
    apart(
      host,
      placement.cells.map(({ hostNode }) => hostNode),
    ),
  ];
}

/** The least over all placements of a guest on a host; undefined where there is none. */
export function nearestByTrying(
  host: HostInventory,
  held: readonly HeldPlacement[],
  guest: Guest,
): Measured | undefined {
  const usage = usageOf(host, held);
  const groups = guest.cells.map((_, cell) =>
    host.numaNodes.map((each) => fewestGroups(host, usage, guest, cell, each)),
  );
  let best: Measured | undefined;
  const search = (nodes: readonly number[], smallMiB: number): void => {
    const cell = nodes.length;
    if (cell === guest.cells.length) {
      const ids = nodes.map((index) => host.numaNodes[index]!.id as number);
      const local = guest.cells.length === 0 ? host.numaNodes.map(({ id }) => id as number) : ids;
      const devices = Math.min(
        ...[...deviceChoices(host, usage, guest, new Set(local))].map((given) =>
          sum(given.map((device) => far(host, local, device))),
        ),
      );
      const measured: Measured = [devices, sum(nodes.map((index, at) => groups[at]![index]!)), apart(host, ids)];
      if (devices < Infinity && (best === undefined || isLess(measured, best))) best = measured;
      return;
    }
    host.numaNodes.forEach((each, index) => {
      if (nodes.includes(index) || groups[cell]![index] === undefined) return;
      const need = Math.min(...smallNeeds(usage, guest, cell, each));
      if (smallMiB + need <= usage.smallFreeMiB) search([...nodes, index], smallMiB + need);
    });
  };
  search([], 0);
  return best;
}

function isLess(one: Measured, other: Measured): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at >= 0 && one[at]! < other[at]!;
}

/** L3 groups beyond one over which the cell's vCPUs must be spread on this node; undefined where they do not fit. */
function fewestGroups(
  host: HostInventory,
  usage: ReturnType<typeof usageOf>,
  guest: Guest,
  cell: number,
  on: HostNumaNode,
): number | undefined {
  if (!cpusFit(host, usage, guest, cell, on)) return undefined;
  const groups = l3Groups(host, on);
  const sets = Array.from({ length: 2 ** groups.length }, (_, bits) =>
    groups.filter((__, index) => ((bits >>> index) & 1) === 1),
  ).sort((one, other) => one.length - other.length);
  const enough = sets.find((set) =>
    cpusFit(host, usage, guest, cell, on, new Set(set.flatMap((group) => [...group]))),
  );
  return Math.max(0, enough!.length - 1);
}

/** Cores of the node by the L3 that they share. */
function l3Groups(host: HostInventory, on: HostNumaNode): ReadonlySet<number>[] {
  const cores = host.cores.filter((core) => core.overlaps(on.cpus));
  if (host.caches.length === 0) return [new Set(cores.flatMap((core) => [...core]))];
  const cacheOf = (core: (typeof cores)[number]) => host.caches.find(({ cpus }) => cpus.overlaps(core)) ?? core;
  return [...Map.groupBy(cores, cacheOf).values()].map((members) => new Set(members.flatMap((core) => [...core])));
}

function node(host: HostInventory, id: number): HostNumaNode {
  return host.numaNodes.find((each) => each.id === id)!;
}

function apart(host: HostInventory, ids: readonly number[]): number {
  const place = (id: number) => host.numaNodes.findIndex((each) => each.id === id);
  return sum(
    ids.flatMap((one) =>
      ids.filter((other) => other !== one).map((other) => node(host, one).distances[place(other)]!),
    ),
  );
}

/**
 * From the nearest of these nodes; a device that firmware says nothing of is farther than any, but where there is one
 * node only.
 */
function far(host: HostInventory, ids: readonly number[], device: HostDevice): number {
  const at = device.numaNode ?? (host.numaNodes.length === 1 ? host.numaNodes[0]!.id : undefined);
  if (at === undefined) return 256;
  const place = host.numaNodes.findIndex(({ id }) => id === at);
  return Math.min(...ids.map((id) => node(host, id).distances[place]!));
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}
