/** Waits until objects that are being deleted are gone. */
import type { ResourceRef } from '../../crds/resource.ts';
import { formatRef } from '../../crds/resource.ts';
import type { ResourceStore } from '../../store/resource-store.ts';

export async function waitUntilGone(store: ResourceStore, refs: readonly ResourceRef[], signal: AbortSignal): Promise<void> {
  for (const ref of refs) {
    const done = new AbortController();
    let there = (await store.get(ref.kind, ref, signal)) !== undefined;
    if (!there) continue;
    for await (const event of store.watch(ref.kind, { namespace: ref.namespace, name: ref.name }, AbortSignal.any([signal, done.signal]))) {
      if (event.type === 'deleted') there = false;
      // It may have gone between the look and the watch.
      if (event.type === 'synced') there = (await store.get(ref.kind, ref, signal)) !== undefined;
      if (!there) done.abort();
    }
    if (there) throw new Error(`waiting for the end of ${formatRef(ref)} was interrupted`);
  }
}
