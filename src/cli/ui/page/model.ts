/** What the page knows, and what of it has just changed. No document in here. */
import type { Change, NodeView, VmView } from '../wire.ts';
import { nodeNeedsCare, standingOf } from './standing.ts';

export interface Totals {
  readonly nodes: number;
  readonly nodesNeedingCare: number;
  readonly vms: number;
  readonly fine: number;
  readonly pending: number;
  readonly unverified: number;
  readonly dedicated: number;
  readonly taken: number;
}

/** Names of what is otherwise since the last change was taken in, gone ones included. */
export interface Changed {
  readonly nodes: ReadonlySet<string>;
  readonly vms: ReadonlySet<string>;
}

export class Model {
  readonly nodes = new Map<string, NodeView>();
  readonly vms = new Map<string, VmView>();
  /** On which nodes a VM's CPUs are drawn, by its key: one, unless something is badly wrong. */
  readonly #nodesOf = new Map<string, Set<string>>();
  readonly #totals = { nodes: 0, nodesNeedingCare: 0, vms: 0, fine: 0, pending: 0, unverified: 0, dedicated: 0, taken: 0 };
  /** After the connection began anew: what has not been told again, and goes when all has been told. */
  #unconfirmed: { readonly nodes: Set<string>; readonly vms: Set<string> } | undefined;

  get totals(): Totals {
    return this.#totals;
  }

  nodesOf(vmKey: string): ReadonlySet<string> {
    return this.#nodesOf.get(vmKey) ?? new Set();
  }

  /** A connection has begun: everything is about to be told again. */
  beginAnew(): void {
    this.#unconfirmed = { nodes: new Set(this.nodes.keys()), vms: new Set(this.vms.keys()) };
  }

  /** Everything that there is has been told. @returns what went unnoticed, which is gone now. */
  allTold(): Changed {
    const { nodes = new Set<string>(), vms = new Set<string>() } = this.#unconfirmed ?? {};
    this.#unconfirmed = undefined;
    return this.apply({ nodes: [], vms: [], goneNodes: [...nodes], goneVms: [...vms] });
  }

  apply({ nodes, vms, goneNodes, goneVms }: Change): Changed {
    for (const node of nodes) {
      this.#unconfirmed?.nodes.delete(node.name);
      this.#setNode(node.name, node);
    }
    for (const name of goneNodes) this.#setNode(name, undefined);
    for (const vm of vms) {
      this.#unconfirmed?.vms.delete(vm.key);
      this.#setVm(vm.key, vm);
    }
    for (const key of goneVms) this.#setVm(key, undefined);
    return { nodes: new Set([...nodes.map(({ name }) => name), ...goneNodes]), vms: new Set([...vms.map(({ key }) => key), ...goneVms]) };
  }

  #setNode(name: string, node: NodeView | undefined): void {
    const before = this.nodes.get(name);
    for (const { key } of before?.vms ?? []) this.#unplace(key, name);
    if (before !== undefined) this.#countNode(before, -1);
    if (node === undefined) this.nodes.delete(name);
    else {
      this.nodes.set(name, node);
      this.#countNode(node, 1);
      for (const { key } of node.vms) this.#place(key, name);
    }
  }

  #place(key: string, nodeName: string): void {
    const names = this.#nodesOf.get(key) ?? new Set();
    this.#nodesOf.set(key, names.add(nodeName));
  }

  #unplace(key: string, nodeName: string): void {
    const names = this.#nodesOf.get(key);
    names?.delete(nodeName);
    if (names?.size === 0) this.#nodesOf.delete(key);
  }

  #setVm(key: string, vm: VmView | undefined): void {
    const before = this.vms.get(key);
    if (before !== undefined) this.#countVm(before, -1);
    if (vm === undefined) this.vms.delete(key);
    else {
      this.vms.set(key, vm);
      this.#countVm(vm, 1);
    }
  }

  #countNode(node: NodeView, sign: 1 | -1): void {
    this.#totals.nodes += sign;
    this.#totals.dedicated += sign * node.dedicated;
    this.#totals.taken += sign * node.taken;
    if (nodeNeedsCare(node)) this.#totals.nodesNeedingCare += sign;
  }

  #countVm(vm: VmView, sign: 1 | -1): void {
    const { kind } = standingOf(vm);
    this.#totals.vms += sign;
    if (kind === 'fine') this.#totals.fine += sign;
    if (kind === 'waiting') this.#totals.pending += sign;
    if (kind === 'bad') this.#totals.unverified += sign;
  }
}
