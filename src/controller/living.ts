/** Domains that live, by what nodes' agents state, found by the VM that they were made for. */
import type { StatedDomain } from './statement.ts';

export interface LivingDomain extends StatedDomain {
  readonly node: string;
}

export class Living {
  readonly #byNode = new Map<string, readonly LivingDomain[]>();
  /** By `namespace/name` of the VM. */
  readonly #byVm = new Map<string, readonly LivingDomain[]>();

  /** Takes over what a node's agent states. @returns the VMs of which something else lives there now. */
  set(node: string, domains: readonly StatedDomain[]): ReadonlySet<string> {
    const before = this.#byNode.get(node) ?? [];
    const after = domains.map((domain): LivingDomain => ({ ...domain, node }));
    if (after.length === 0) this.#byNode.delete(node);
    else this.#byNode.set(node, after);
    const namesOf = (list: readonly LivingDomain[]) => new Set(list.map(({ vm = '', grant }) => `${vm} ${grant}`));
    const [was, is] = [namesOf(before), namesOf(after)];
    const changed = [...before, ...after].filter(({ vm = '', grant }) => was.has(`${vm} ${grant}`) !== is.has(`${vm} ${grant}`));
    for (const vm of new Set([...before, ...after].flatMap((domain) => domain.vm ?? []))) {
      const others = (this.#byVm.get(vm) ?? []).filter((domain) => domain.node !== node);
      const all = [...others, ...after.filter((domain) => domain.vm === vm)];
      if (all.length === 0) this.#byVm.delete(vm);
      else this.#byVm.set(vm, all);
    }
    return new Set(changed.flatMap(({ vm }) => vm ?? []));
  }

  of(vm: string): readonly LivingDomain[] {
    return this.#byVm.get(vm) ?? [];
  }

  on(node: string): readonly LivingDomain[] {
    return this.#byNode.get(node) ?? [];
  }
}
