/** Backups that are put back, and the person who accepts that. */
import type { Kept } from '../../src/store/testing/memory-server.ts';
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
  world.note({ type: 'rolledBack' });
  for (const kind of ['RealtimeAllocation', 'RealtimeNode', 'RealtimeVM'] as const) {
    for (const [key, object] of backup.objects.get(kind) ?? []) world.told(kind, key, object);
  }
  world.note({ type: 'restored' });
  const uids = new Set([...backup.objects.get('RealtimeVM')?.values() ?? []].map(({ metadata }) => metadata.uid));
  for (const { metadata: { uid } } of world.vms) if (!uids.has(uid)) world.lost.add(uid);
  server.restore(backup, bumped);
}

/** A person has looked at what is open, and accepts it. */
export function acceptRestore({ cluster }: World): void {
  const lease: Annotated | undefined = cluster.server.find('Lease', leaderLease);
  const open = lease?.metadata.annotations?.['rtvm.dev/restore'];
  if (lease === undefined || open === undefined) return;
  const { id } = JSON.parse(open) as { readonly id: string };
  cluster.write(`story: restore ${id} is accepted`);
  const { resourceVersion } = cluster.server.stamp();
  const annotations = { ...lease.metadata.annotations, 'rtvm.dev/restore-accepted': JSON.stringify({ id }) };
  cluster.server.put('Lease', { ...lease, metadata: { ...lease.metadata, annotations, resourceVersion } });
}
