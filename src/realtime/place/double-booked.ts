/**
 * What one node's table gives twice: pCPUs, huge pages, PCI devices, writable disks. Pure; reads each claim once. It
 * looks at what is held and not at how that was decided, so that a decision that is wrong is seen. I1, I8.
 */
import { CpuSet } from '../cpu-set.ts';
import type { HostInventory } from '../host.ts';
import { pageName } from './explain-cell.ts';
import { amountOf } from './holding.ts';
import type { Countable, Holding, Resource } from './holding.ts';
import { reservedPages } from './node-state.ts';

/** By UID. */
export type Holdings = ReadonlyMap<string, Holding>;

export interface Overlap {
  readonly resource: Resource;
  /** UIDs, in the order of the table. One alone has more than there is, or has it by two entries. */
  readonly holders: readonly string[];
}

/** @property by whose part has grown, of the holders. */
export interface AddedOverlap extends Overlap {
  readonly by: readonly string[];
}

/**
 * A CPU that several VMs float over is shared, and no overlap.
 * @param inventory what the node has; undefined where that is not known, and then nothing can be said of its pages.
 * @returns CPUs first, ascending.
 */
export function doubleBooked(holdings: Holdings, inventory: HostInventory | undefined): readonly Overlap[] {
  return [...contestedCpus(holdings), ...contestedCountables(holdings, inventory)];
}

/**
 * What a change of a table adds to that: the overlaps in which somebody has more than before. Nothing is added by who
 * gives something back or keeps what it has, however contested that is.
 */
export function addedOverlaps(
  before: Holdings, after: Holdings, inventory: HostInventory | undefined,
): readonly AddedOverlap[] {
  return doubleBooked(after, inventory).flatMap((overlap) => {
    const { holders, resource } = overlap;
    const by = holders.filter((uid) => amountIn(after, uid, resource) > amountIn(before, uid, resource));
    return by.length === 0 ? [] : [{ ...overlap, by }];
  });
}

/** For people. @param nameOf a VM, by its UID. */
export function overlapText({ resource, holders }: Overlap, nameOf: (uid: string) => string): string {
  const names = holders.map(nameOf).join(' and ');
  switch (resource.kind) {
    case 'cpu':
      return `CPU ${resource.cpu} is given to ${names}`;
    case 'device':
      return `device ${resource.address} is given to ${names}${holders.length === 1 ? ' twice' : ''}`;
    case 'disk':
      return `disk ${resource.name} is given to two entries of ${names}`;
    case 'hugepages':
      return `more ${pageName(resource.sizeKiB)} pages of NUMA node ${resource.numaNode} than there are for guests `
        + `are given to ${names}`;
  }
}

export function amountIn(holdings: Holdings, uid: string, resource: Resource): number {
  const holding = holdings.get(uid);
  return holding === undefined ? 0 : amountOf(holding, resource);
}

/** How much of it there is for guests; undefined where that is not known. */
export function capacityOf(countable: Countable, inventory: HostInventory | undefined): number | undefined {
  if (countable.kind !== 'hugepages') return 1;
  const node = inventory?.numaNodes.find(({ id }) => id === countable.numaNode);
  if (inventory === undefined || node === undefined) return undefined;
  const total = node.hugepages.find(({ sizeKiB }) => sizeKiB === countable.sizeKiB)?.total ?? 0;
  return Math.max(0, total - reservedPages(inventory, node.id, countable.sizeKiB));
}

/** Where one has a CPU to itself, and somebody else runs there too. */
function contestedCpus(holdings: Holdings): readonly Overlap[] {
  let [once, twice, floatedOver] = [CpuSet.empty(), CpuSet.empty(), CpuSet.empty()];
  for (const holding of holdings.values()) {
    if (holding.exclusive.overlaps(once)) twice = twice.union(holding.exclusive.intersection(once));
    once = once.union(holding.exclusive);
    floatedOver = floatedOver.union(holding.floatedOver);
  }
  const contested = twice.union(once.intersection(floatedOver));
  const holders = new Map([...contested].map((cpu) => [cpu, [] as string[]]));
  if (holders.size > 0) {
    for (const { uid, exclusive, floatedOver: roamed } of holdings.values()) {
      for (const cpu of exclusive.union(roamed).intersection(contested)) holders.get(cpu)?.push(uid);
    }
  }
  return [...holders].map(([cpu, uids]) => ({ resource: { kind: 'cpu', cpu }, holders: uids }));
}

function contestedCountables(holdings: Holdings, inventory: HostInventory | undefined): readonly Overlap[] {
  const found = new Map<string, { readonly of: Countable; amount: number; readonly holders: string[] }>();
  for (const { uid, shares } of holdings.values()) {
    for (const [key, { of, amount }] of shares) {
      const known = found.get(key);
      if (known === undefined) found.set(key, { of, amount, holders: [uid] });
      else {
        known.amount += amount;
        known.holders.push(uid);
      }
    }
  }
  return [...found.values()].flatMap(({ of, amount, holders }): Overlap[] => {
    const capacity = capacityOf(of, inventory);
    return capacity !== undefined && amount > capacity ? [{ resource: of, holders }] : [];
  });
}
