/** Backups that are put back, and the person who accepts that. */
import type { Kept } from '../../src/store/testing/memory-server.ts';
import type { ObjectKey } from '../../src/store/resource.ts';
import type { SimulatedCluster } from './cluster.ts';
import { leaderLease } from './world.ts';
import type { World } from './world.ts';

interface Annotated extends Kept {
  readonly metadata: Kept['metadata'] & { readonly annotations?: Readonly<Record<string, string>> };
}

/** The first time, a backup is made. */
export function restore(world: World, bumped: boolean): void {
  const { server } = world.cluster;
  const { backup } = world;
  world.backup = server.snapshot();
  if (backup === undefined) return;
  world.noteRollback();
  for (const kind of ['RealtimeAllocation', 'RealtimeNode', 'RealtimeVM'] as const) {
    for (const [key, object] of backup.objects.get(kind) ?? []) world.told(kind, key, object);
  }
  world.note({ type: 'restored' });
  const uids = new Set([...backup.objects.get('RealtimeVM')?.values() ?? []].map(({ metadata }) => metadata.uid));
  for (const { metadata: { uid } } of world.vms) if (!uids.has(uid)) world.lost.add(uid);
  server.restore(backup, bumped);
}

/** A person has looked at what is open, and accepts it: in a cluster on the leaders' Lease, else on the RealtimeNode. */
export function acceptRestore({ cluster, nodes }: World): void {
  accept(cluster, 'Lease', leaderLease);
  for (const name of nodes) accept(cluster, 'RealtimeNode', { name });
}

/** @param off machines that the person has said to be off; absent: nothing is said of any. */
export function accept(
  cluster: SimulatedCluster, kind: 'Lease' | 'RealtimeNode', key: ObjectKey, off?: readonly string[],
): void {
  const { server } = cluster;
  const object: Annotated | undefined = server.find(kind, key);
  const open = openRestore(object);
  if (object === undefined || open === undefined) return;
  const { id } = JSON.parse(open) as { readonly id: string };
  cluster.write(`story: restore ${id} is accepted`);
  const { resourceVersion } = server.stamp();
  const annotations = { ...object.metadata.annotations, 'rtvm.dev/restore-accepted': JSON.stringify({ id, off }) };
  server.put(kind, { ...object, metadata: { ...object.metadata, annotations, resourceVersion } });
}

/** Of a cluster. */
export function isRestoreOpen({ server }: SimulatedCluster): boolean {
  return openRestore(server.find('Lease', leaderLease)) !== undefined;
}

function openRestore(object: Annotated | undefined): string | undefined {
  return object?.metadata.annotations?.['rtvm.dev/restore'];
}
