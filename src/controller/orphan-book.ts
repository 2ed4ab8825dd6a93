/** Domains that run with nothing in an allocation that says so, by the VM that they were made for. */
import type { RealtimeNodeStatus } from '../crds/realtime-node-status.ts';

export type Orphan = NonNullable<RealtimeNodeStatus['orphans']>[number];

export interface FoundOrphan {
  readonly nodeName: string;
  readonly orphan: Orphan;
}

export class OrphanBook {
  readonly #byNode = new Map<string, readonly Orphan[]>();
  /** By `namespace/name` of the VM. */
  readonly #byVm = new Map<string, readonly FoundOrphan[]>();

  /** Takes over what a node's agent tells. */
  set(nodeName: string, orphans: readonly Orphan[]): void {
    for (const orphan of this.#byNode.get(nodeName) ?? []) this.#change(orphan, (found) => found.filter((one) => one.nodeName !== nodeName));
    if (orphans.length === 0) this.#byNode.delete(nodeName);
    else this.#byNode.set(nodeName, orphans);
    for (const orphan of orphans) this.#change(orphan, (found) => [...found, { nodeName, orphan }]);
  }

  /** The VM's own domain, or else one of an earlier VM of its name. */
  find({ namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string }): FoundOrphan | undefined {
    const found = this.#byVm.get(`${namespace}/${name}`) ?? [];
    return found.find(({ orphan }) => orphan.vm?.uid === uid) ?? found[0];
  }

  #change({ vm }: Orphan, change: (found: readonly FoundOrphan[]) => readonly FoundOrphan[]): void {
    if (vm === undefined) return;
    const key = `${vm.namespace}/${vm.name}`;
    const changed = change(this.#byVm.get(key) ?? []);
    if (changed.length === 0) this.#byVm.delete(key);
    else this.#byVm.set(key, changed);
  }
}
