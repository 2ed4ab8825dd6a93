/** What is followed of nodes beside their tables: who runs where by its run, and whose agent has begun a moment ago. */
import { isDeepStrictEqual } from 'node:util';
import type { VmRun } from '../crds/realtime-vm-status.ts';
import type { Clock } from '../runtime/clock.ts';
import { objectKey } from '../runtime/object-key.ts';
import type { Stored } from '../store/resource.ts';
import { pastNodeOf } from './vm-status.ts';

/** What nodes' tables and guards depend on of a VM. */
interface KnownVm {
  readonly uid: string;
  readonly run: VmRun | undefined;
  /** That of its run; or without a run, the one that its status names. */
  readonly node: string | undefined;
  readonly evictionStrategy: Stored<'RealtimeVM'>['spec']['evictionStrategy'];
}

export class NodeBook {
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** Keys of the VMs whose run names the node; or without a run, whose status does. */
  readonly #vmsOf = new Map<string, Set<string>>();
  /** By the VMs' keys. */
  readonly #vms = new Map<string, KnownVm>();
  /** Since when nodes take no guests. */
  readonly #awaited = new Map<string, number>();
  readonly #sessions = new Map<string, { readonly session: string | undefined; readonly sinceMs: number }>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /**
   * @returns nodes that it was on, and is; undefined where nothing of it has changed that a node's table or its
   * guard depend on.
   */
  vmSeen(vm: Stored<'RealtimeVM'>, gone: boolean): readonly string[] | undefined {
    const key = objectKey(vm.metadata);
    const before = this.#vms.get(key);
    const after = gone ? undefined : {
      uid: vm.metadata.uid, run: vm.status?.run, node: vm.status?.run?.node ?? pastNodeOf(vm),
      evictionStrategy: vm.spec.evictionStrategy,
    };
    if (isDeepStrictEqual(before, after)) return undefined;
    if (after === undefined) this.#vms.delete(key);
    else this.#vms.set(key, after);
    const [was, is] = [before?.node, after?.node];
    if (was !== undefined && was !== is) this.#vmsOf.get(was)?.delete(key);
    if (is !== undefined) this.#vmsOf.set(is, (this.#vmsOf.get(is) ?? new Set()).add(key));
    return [...new Set([was, is])].filter((node) => node !== undefined);
  }

  vmsOf(node: string): Iterable<string> {
    return this.#vmsOf.get(node) ?? [];
  }

  /** @param isAwaited it does not take guests yet. */
  await(node: string, isAwaited: boolean): void {
    if (!isAwaited) this.#awaited.delete(node);
    else if (!this.#awaited.has(node)) this.#awaited.set(node, this.#clock.nowMs());
  }

  /** How long some node takes no guests for less than `ms` still: most that begin are through with it by then. */
  settlingForMs(ms: number): number {
    const nowMs = this.#clock.nowMs();
    return Math.max(0, ...[...this.#awaited.values()].map((sinceMs) => sinceMs + ms - nowMs));
  }

  sessionSeen(node: string, session: string | undefined): void {
    if (this.#sessions.get(node)?.session !== session) this.#sessions.set(node, { session, sinceMs: this.#clock.nowMs() });
  }

  /** How long the agent's session is within its first `ms` still: its Lease names it a moment later. */
  isNewForMs(node: string, ms: number): number {
    const known = this.#sessions.get(node);
    return known === undefined ? 0 : Math.max(0, known.sinceMs + ms - this.#clock.nowMs());
  }
}
