/** What of a placement is not free on a host: offers that another commit voided, and placements that overlap already. */
import { smallMiBOfCell } from './claim.ts';
import type { Claim } from './claim.ts';
import { doubleBooked } from './double-booked.ts';
import type { Overlap } from './double-booked.ts';
import { pageName } from './explain-cell.ts';
import { plural } from './host-checks.ts';
import { holdingsOf } from './holding.ts';
import type { HostState } from './host-state.ts';
import { freePages, isSmall, smallFreeMiB } from './node-state.ts';

export interface PlacementConflict {
  readonly host: string;
  /** Who wants it. */
  readonly uid: string;
  readonly kind: 'cpu' | 'hugepages' | 'memory' | 'device' | 'sharedCpus' | 'hostNode' | 'host' | 'uid';
  /** Who has it, where somebody in particular has. */
  readonly holder?: string | undefined;
  readonly message: string;
}

/** Thrown by a commit; nothing was changed. */
export class PlacementConflictError extends Error {
  override readonly name = 'PlacementConflictError';
  readonly code = 'PLACEMENT_CONFLICT';
  readonly conflicts: readonly PlacementConflict[];
  constructor(uid: string, conflicts: readonly PlacementConflict[]) {
    super(`placement of ${uid} cannot be committed: ${conflicts.map(({ message }) => message).join('; ')}; decide again`);
    this.conflicts = conflicts;
  }
}

/** CPUs, pages, memory and devices that a placement wants and somebody has, or that are used up. */
export function takenBy(host: HostState, claim: Claim): PlacementConflict[] {
  const { uid, placement, exclusive, floatedOver } = claim;
  const about = { host: host.name, uid };
  const cpus = [...exclusive].flatMap((cpu): PlacementConflict[] => {
    const holders = [...host.cpus.holdersOf(cpu), ...host.roamed.holdersOf(cpu)];
    return holders.map((holder) => ({ ...about, kind: 'cpu', holder, message: `CPU ${cpu} of host ${host.name} is held by ${holder}` }));
  });
  const floating = [...floatedOver].flatMap((cpu): PlacementConflict[] => host.cpus.holdersOf(cpu).map((holder) => ({
    ...about, kind: 'cpu', holder, message: `CPU ${cpu} of host ${host.name}, to float over, is held by ${holder}`,
  })));
  const devices = placement.devices.flatMap(({ address }) => host.devices.holdersOf(address).map((holder): PlacementConflict => ({
    ...about, kind: 'device', holder, message: `device ${address} of host ${host.name} is held by ${holder}`,
  })));
  return [...cpus, ...floating, ...devices, ...memoryShortages(host, claim)];
}

/** Where what is held on a host is given to several VMs, or is more than there is. */
export function conflictsAmong(host: HostState, held: readonly Claim[]): PlacementConflict[] {
  const overlaps = doubleBooked(holdingsOf(held), host.inventory);
  return [...overlaps.flatMap((overlap) => overlapConflicts(host.name, overlap)), ...memoryConflicts(host, held)];
}

function overlapConflicts(host: string, { resource, holders }: Overlap): PlacementConflict[] {
  const [holder = '', ...others] = holders;
  const among = (kind: 'cpu' | 'device', what: string) => others.map((uid): PlacementConflict => (
    { host, uid, kind, holder, message: `${what} of host ${host} is held by ${holder} and ${uid}` }
  ));
  switch (resource.kind) {
    case 'cpu':
      return among('cpu', `CPU ${resource.cpu}`);
    case 'device':
      return among('device', `device ${resource.address}`);
    case 'hugepages': {
      const where = `NUMA node ${resource.numaNode} of host ${host}`;
      const message = `more ${pageName(resource.sizeKiB)} pages are held on ${where} than it has for guests`;
      return [{ host, uid: others.at(-1) ?? holder, kind: 'hugepages', message }];
    }
    // One host's placements say nothing of disks.
    case 'disk':
      return [];
  }
}

function memoryConflicts(host: HostState, held: readonly Claim[]): PlacementConflict[] {
  const uid = held.at(-1)?.uid ?? '';
  const overfull = host.nodes.filter((node) => smallFreeMiB(node) < 0);
  const short = overfull.map(({ id }) => `NUMA node ${id} of host ${host.name}`);
  const where = short.length === 0 && host.smallFreeMiB < 0 ? [`host ${host.name}`] : short;
  return where.map((place): PlacementConflict => (
    { host: host.name, uid, kind: 'memory', message: `more small-page memory is held on ${place} than it has` }
  ));
}

/** Beyond {@link takenBy}, what the administrator no longer offers, and room to float. */
export function notOffered(host: HostState, claim: Claim): PlacementConflict[] {
  const { uid, placement } = claim;
  const about = { host: host.name, uid };
  const { inventory } = host;
  const isolated = placement.emulatorCpus.intersection(placement.reservedCpus);
  const withdrawn = claim.dedicated.union(isolated).minus(inventory.dedicatedCpus);
  const conflicts: PlacementConflict[] = [...withdrawn].map((cpu) => ({ ...about, kind: 'cpu', message: `CPU ${cpu} is not a dedicated CPU of host ${host.name}` }));
  for (const cpu of placement.reservedCpus.intersection(inventory.sharedCpus)) conflicts.push({ ...about, kind: 'cpu', message: `CPU ${cpu} is a shared CPU of host ${host.name}` });
  const missing = placement.cells.filter((cell) => host.node(cell.hostNode) === undefined);
  for (const { hostNode } of missing) conflicts.push({ ...about, kind: 'hostNode', message: `host ${host.name} has no NUMA node ${hostNode}` });
  return [...conflicts, ...floatingShortages(host, claim)];
}

function floatingShortages(host: HostState, { uid, placement, floating, floatingOfCell }: Claim): PlacementConflict[] {
  if (floating === 0) return [];
  const about = { host: host.name, uid, kind: 'sharedCpus' as const };
  const sets = new Set(placement.vcpuPins.flatMap((pin) => (pin.kind === 'floating' ? [pin.cpus] : [])));
  const lost = [...sets].filter((cpus) => cpus.isEmpty || !cpus.isSubsetOf(host.shared));
  const full = placement.cells.filter((cell, index) => {
    const node = host.node(cell.hostNode);
    const wanted = floatingOfCell[index]!;
    return node !== undefined && wanted > 0 && node.floating + wanted > node.sharedCount * host.inventory.vcpusPerSharedCpu;
  });
  return [
    ...lost.map((cpus) => ({ ...about, message: `CPUs ${cpus.toString()} are not all shared CPUs of host ${host.name}, which are ${host.shared.toString() || 'none'}` })),
    ...full.map(({ hostNode }) => ({ ...about, message: `the shared CPUs of NUMA node ${hostNode} of host ${host.name} are full` })),
    ...(floating > host.floatingRoom ? [{ ...about, message: `host ${host.name} has room for ${Math.max(0, host.floatingRoom)} more floating ${plural(host.floatingRoom, 'vCPU')}, ${floating} wanted` }] : []),
  ];
}

function memoryShortages(host: HostState, { uid, placement }: Claim): PlacementConflict[] {
  const about = { host: host.name, uid };
  const conflicts = placement.cells.flatMap((cell, index): PlacementConflict[] => {
    const node = host.node(cell.hostNode);
    if (node === undefined) return [];
    const found: PlacementConflict[] = [];
    const pages = (cell.memoryMiB * 1024) / cell.pageSizeKiB;
    const free = freePages(node, cell.pageSizeKiB);
    if (!isSmall(cell.pageSizeKiB) && pages > free) found.push({ ...about, kind: 'hugepages', message: `${free} free ${pageName(cell.pageSizeKiB)} pages on NUMA node ${node.id} of host ${host.name}, ${pages} wanted` });
    const smallMiB = smallMiBOfCell(placement, index);
    if (smallMiB > smallFreeMiB(node)) found.push({ ...about, kind: 'memory', message: `${smallFreeMiB(node)} MiB of small-page memory free on NUMA node ${node.id} of host ${host.name}, ${smallMiB} MiB wanted` });
    return found;
  });
  const smallMiB = placement.cells.length === 0 ? placement.extraMemoryMiB : placement.cells.reduce((sum, _, index) => sum + smallMiBOfCell(placement, index), 0);
  if (smallMiB > host.smallFreeMiB) conflicts.push({ ...about, kind: 'memory', message: `${host.smallFreeMiB} MiB of small-page memory free on host ${host.name}, ${smallMiB} MiB wanted` });
  return conflicts;
}
