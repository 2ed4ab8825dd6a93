/** What one VM has of a node, over all entries of the node's table that name it. */
import type { CpuSet } from '../cpu-set.ts';
import type { CpuId, NumaNodeId } from '../ids.ts';
import type { Claim } from './claim.ts';
import { isSmall } from './node-state.ts';

/** One entry of a table. */
export interface TableClaim extends Pick<Claim, 'uid' | 'placement' | 'exclusive' | 'floatedOver'> {
  /** Names of its writable disks, where they are known. */
  readonly disks?: readonly string[];
}

/** What is counted, and there is only so much of. */
export type Countable =
  | { readonly kind: 'hugepages'; readonly numaNode: NumaNodeId; readonly sizeKiB: number }
  | { readonly kind: 'device'; readonly address: string }
  /** A disk's file is named by its VM's UID and its own name: only a second entry of the same VM can have it too. */
  | { readonly kind: 'disk'; readonly uid: string; readonly name: string };

export type Resource = { readonly kind: 'cpu'; readonly cpu: CpuId } | Countable;

export interface Share {
  readonly of: Countable;
  readonly amount: number;
}

export interface Holding {
  readonly uid: string;
  /** pCPUs that it has to itself. */
  readonly exclusive: CpuSet;
  /** Others, that it uses without having them to itself. */
  readonly floatedOver: CpuSet;
  /** By {@link keyOf}. */
  readonly shares: ReadonlyMap<string, Share>;
}

/** By UID, in the order of the table. */
export function holdingsOf(claims: Iterable<TableClaim>): ReadonlyMap<string, Holding> {
  const holdings = new Map<string, Holding>();
  for (const claim of claims) {
    const one = holdingOf(claim);
    const before = holdings.get(claim.uid);
    holdings.set(claim.uid, before === undefined ? one : both(before, one));
  }
  return holdings;
}

/** How much of something a VM has; of a CPU, 2 is all of it, and 1 a part. */
export function amountOf({ exclusive, floatedOver, shares }: Holding, resource: Resource): number {
  if (resource.kind !== 'cpu') return shares.get(keyOf(resource))?.amount ?? 0;
  return exclusive.has(resource.cpu) ? 2 : floatedOver.has(resource.cpu) ? 1 : 0;
}

export function keyOf(countable: Countable): string {
  switch (countable.kind) {
    case 'hugepages':
      return `pages ${countable.numaNode} ${countable.sizeKiB}`;
    case 'device':
      return `device ${countable.address}`;
    case 'disk':
      return `disk ${countable.uid} ${countable.name}`;
  }
}

function holdingOf({ uid, placement, exclusive, floatedOver, disks = [] }: TableClaim): Holding {
  const shares = new Map<string, Share>();
  for (const { hostNode, memoryMiB, pageSizeKiB } of placement.cells) {
    if (isSmall(pageSizeKiB)) continue;
    const of: Countable = { kind: 'hugepages', numaNode: hostNode, sizeKiB: pageSizeKiB };
    add(shares, { of, amount: (memoryMiB * 1024) / pageSizeKiB });
  }
  for (const { address } of placement.devices) add(shares, { of: { kind: 'device', address }, amount: 1 });
  for (const name of disks) add(shares, { of: { kind: 'disk', uid, name }, amount: 1 });
  return { uid, exclusive, floatedOver, shares };
}

function both(one: Holding, other: Holding): Holding {
  const exclusive = one.exclusive.union(other.exclusive);
  const shares = new Map(one.shares);
  for (const share of other.shares.values()) add(shares, share);
  return { uid: one.uid, exclusive, floatedOver: one.floatedOver.union(other.floatedOver).minus(exclusive), shares };
}

function add(shares: Map<string, Share>, { of, amount }: Share): void {
  const key = keyOf(of);
  shares.set(key, { of, amount: amount + (shares.get(key)?.amount ?? 0) });
}
