/**
 * Grants that this controller has made and that are in no table yet: nobody else has their bytes. What they hold is
 * held in the view from the moment that it was decided. @see protocol/vm-table.ts
 */
import type { GrantedGuest } from '../crds/grant.ts';
import type { ClusterView } from './cluster-view.ts';

export interface MadeGrant {
  readonly node: string;
  readonly entry: GrantedGuest;
  /** Nobody knows whether the write of it into the table is under way still. */
  readonly mayBeUnderWay: boolean;
  /** Where the VM was bound to before. */
  readonly boundBefore: string | undefined;
}

export class Grants {
  readonly #view: Pick<ClusterView, 'reserve' | 'unreserve'>;
  readonly #made = new Map<string, MadeGrant>();

  constructor(view: Pick<ClusterView, 'reserve' | 'unreserve'>) {
    this.#view = view;
  }

  /** @param name of the grant that the VM's run names: one of another name is none. */
  of(uid: string, name: string | undefined): MadeGrant | undefined {
    const made = this.#made.get(uid);
    return made !== undefined && made.entry.grant.name === name ? made : undefined;
  }

  keep(made: MadeGrant): void {
    const { uid } = made.entry.vm;
    this.drop(uid);
    this.#made.set(uid, made);
    this.#view.reserve(made.node, made.entry);
  }

  /** It is in the table, or never will be. */
  drop(uid: string): void {
    const made = this.#made.get(uid);
    if (made === undefined) return;
    this.#made.delete(uid);
    this.#view.unreserve(made.node, made.entry);
  }
}
