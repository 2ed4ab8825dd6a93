// I5: what is on the hosts' disks in the end.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ChaosEvent } from './chaos-events.ts';

/**
 * Sentences on files of VMs that are no more. What a VM left on a node that the restored data did not name for it, no table
 * and no agent can tell from another VM's: that is a person's to remove, and not counted.
 * @param stateDirectory holds a folder for each node.
 */
export function leftovers(stateDirectory: string, nodes: readonly string[], vms: readonly { readonly metadata: { readonly uid: string } }[], events: readonly ChaosEvent[]): readonly string[] {
  const forgotten = forgottenBy(events);
  const known = new Set(vms.map(({ metadata }) => metadata.uid));
  return nodes.flatMap((node) => {
    const disks = join(stateDirectory, node, 'disks');
    const uids = existsSync(disks) ? readdirSync(disks) : [];
    return uids.filter((uid) => !known.has(uid) && !forgotten.has(`${node} ${uid}`)).map((uid) => `${node} keeps disks of ${uid}, which is no VM`);
  });
}

/**
 * Nodes and VMs that were together before the data went back, and are not by the data that came back; or by a table that
 * somebody deleted, and that another controller than its last had to make anew.
 */
export function forgottenBy(events: readonly ChaosEvent[]): ReadonlySet<string> {
  const together = new Set<string>();
  const forgotten = new Set<string>();
  /** Of the tables that are there: who wrote them last, and of whom. */
  const writers = new Map<string, string | undefined>();
  const deleted = new Map<string, string | undefined>();
  for (const event of events) {
    if (event.type === 'rolledBack') for (const pair of together) forgotten.add(pair);
    else if (event.type === 'table') {
      const { node, guests, term } = event;
      const writer = term?.split('/')[0];
      if (guests === undefined) {
        deleted.set(node, writers.get(node));
        continue;
      }
      // Who has written it before remembers it.
      if (deleted.has(node) && deleted.get(node) !== writer) for (const pair of together) if (pair.startsWith(`${node} `)) forgotten.add(pair);
      deleted.delete(node);
      writers.set(node, writer);
      for (const { vm } of guests) {
        together.add(`${node} ${vm.uid}`);
        // Named again, it is to be removed again.
        forgotten.delete(`${node} ${vm.uid}`);
      }
    }
  }
  return forgotten;
}
