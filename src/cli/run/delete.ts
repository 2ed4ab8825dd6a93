/** Ends VMs of this host: through the rtvm that is at work here, or else by itself. */
import { HostError } from '../../node-agent/host/host-error.ts';
import { formatRef } from '../../crds/resource.ts';
import type { ResourceRef } from '../../crds/resource.ts';
import { DirectoryStore } from '../../store/directory/directory-store.ts';
import type { DeleteOptions } from '../commands/delete.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { vmKey } from './follow.ts';
import { Interrupt } from './interrupt.ts';
import { openLocalNode } from './local-node.ts';
import type { LocalNode } from './local-node.ts';
import { requireKnown } from './vm-names.ts';
import { waitUntilGone } from './wait-until-gone.ts';

export async function deleteVms(names: readonly string[], options: DeleteOptions, io: Io): Promise<ExitCode> {
  using interrupt = new Interrupt();
  const node = await openUnlessAtWork(options, io, interrupt.signal);
  const store = node?.store ?? await DirectoryStore.open({ directory: options.stateDir, signal: interrupt.signal });
  try {
    const refs = await markAll(store, names, interrupt.signal);
    await node?.start();
    if (node === undefined && !options.wait) {
      io.err(`rtvm: the rtvm that is at work on this host ends ${names.join(', ')}`);
      return 0;
    }
    for (const ref of refs) io.err(`${formatRef(ref)}: ending`);
    await Promise.race([waitUntilGone(store, refs, interrupt.signal), ...(node === undefined ? [] : [node.failed])]);
    for (const ref of refs) io.err(`${formatRef(ref)}: gone, with its domain, disks and CPUs`);
    return 0;
  } finally {
    await (node ?? store).close();
  }
}

async function openUnlessAtWork(options: DeleteOptions, io: Io, signal: AbortSignal): Promise<LocalNode | undefined> {
  try {
    return await openLocalNode({ ...options, auditIntervalSeconds: 30 }, io, signal);
  } catch (error) {
    if (error instanceof HostError && error.code === 'LOCK_HELD') return undefined;
    throw error;
  }
}

/** Asks for the deletion of all of them, or, where one is not there, of none. */
async function markAll(store: DirectoryStore, names: readonly string[], signal: AbortSignal): Promise<readonly ResourceRef[]> {
  const vms = new Map((await store.list('RealtimeVM', { signal })).map((vm) => [vmKey(vm.metadata), vm]));
  const refs: ResourceRef[] = [];
  for (const key of requireKnown(names, [...vms.keys()])) {
    const { metadata } = vms.get(key)!;
    await store.delete('RealtimeVM', metadata, { uid: metadata.uid }, signal);
    refs.push({ kind: 'RealtimeVM', namespace: metadata.namespace, name: metadata.name });
  }
  return refs;
}
